/** A column whose values are sealed, and the place that each value is bound to. */
export interface SealedColumn {
  table: string;
  column: string;
  placeOf(id: string): string;
}

/** All of them; a test compares the list with the schema. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'personal_keys', column: 'key_sealed', placeOf: (id) => `personal_keys|${id}|key` },
  { table: 'reservations', column: 'config_sealed', placeOf: (id) => `reservations|${id}|config` },
  { table: 'pools', column: 'upstream_headers_sealed', placeOf: (id) => `pools|${id}|upstream_headers` },
  { table: 'payments', column: 'sealed_next_action', placeOf: (id) => `payments|${id}|next_action` },
];
