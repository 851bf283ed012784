import { createHash, randomUUID } from 'node:crypto';
import { v7 } from 'uuid';

/** A new random identifier (UUID v4), the primary key of most entities. */
export function newId(): string {
  return randomUUID();
}

/**
 * The same for rows that are listed in the order in which they came (UUID v7): of two that carry one instant the later
 * one has the greater id, as far as one process has made both. It tells when it was made, and its beginning is not
 * random: no secret, and nothing to be shortened.
 */
export function newOrderedId(): string {
  return v7();
}

/** Always the same identifier for the same parts (UUID v8), another one for any others. */
export function derivedId(...parts: readonly (string | number)[]): string {
  const digits = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  const shape = /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/;
  return digits.replace(shape, '$1-$2-8$3-8$4-$5');
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isId(text: string): boolean {
  return UUID.test(text);
}
