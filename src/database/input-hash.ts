import { createHash } from 'node:crypto';

/** SHA-256 in hex of a JSON value, the same whatever the order of its keys. */
export function inputHash(input: unknown): string {
  return createHash('sha256').update(canonicalJson(input)).digest('hex');
}

function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) => (isPlainObject(part) ? sortKeys(part) : part)) ?? 'undefined'
  );
}

function sortKeys(object: object): object {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
