/*
 * Small readers for answers of farms. They are lenient: a field that is absent or of another type is `null`, because
 * farms add, drop and retype fields without notice.
 */

export type WireObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is WireObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object whatever came: empty unless it is one. */
export function objectOf(value: unknown): WireObject {
  return isObject(value) ? value : {};
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Trimmed; empty text counts as absent. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

export function flagOf(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null;
}

/** An id as text, sent as a number by one farm and as text by the other. */
export function idOf(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : textOf(value);
}
