import { describe, expect, it } from 'vitest';
import { isNestedDeeperThan } from './nesting.js';

const nested = (depth: number): unknown => JSON.parse(`${'{"a":[1,'.repeat(depth)}1${']}'.repeat(depth)}`);

describe('isNestedDeeperThan', () => {
  it.each([
    [1, 0, false],
    ['text', 0, false],
    [null, 0, false],
    [{}, 0, true],
    [[], 1, false],
    [{ a: { b: 1 } }, 1, true],
    [{ a: { b: 1 } }, 2, false],
    [nested(3), 6, false],
    [nested(3), 5, true],
  ])('%j, %i: %s', (value, most, expected) => expect(isNestedDeeperThan(value, most)).toBe(expected));

  it('stands any depth', () => expect(isNestedDeeperThan(nested(2000), 100_000)).toBe(false));
});
