/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** Schemas by name, as the OpenAPI document holds them under `components`. */
export type Schemas = Readonly<Record<string, Schema>>;

export const text = (description: string): Schema => ({ type: 'string', description });
export const integer = (description: string): Schema => ({ type: 'integer', description });
export const time: Schema = { type: 'string', format: 'date-time' };

export const object = (properties: Record<string, unknown>, required = Object.keys(properties)): Schema => ({
  type: 'object',
  properties,
  required,
});

/** A message of the catalogue, named by its `type`. */
export function message(
  type: string,
  summary: string,
  properties: Record<string, unknown> = {},
  required: readonly string[] = [],
): Schema {
  const payload = object({ type: { const: type }, ...properties }, ['type', ...required]);
  return { name: type, title: type, summary, payload };
}

/** The schemas that others refer to, and those that they refer to. */
export function referredBy(start: unknown, schemas: Schemas): Schemas {
  const found = new Map<string, Schema>();
  const look = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (found.has(name) || !(name in schemas)) continue;
      found.set(name, schemas[name]);
      look(schemas[name]);
    }
  };
  look(start);
  return Object.fromEntries([...found].sort(([a], [b]) => a.localeCompare(b)));
}
