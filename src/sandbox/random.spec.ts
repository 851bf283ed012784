import { describe, expect, test } from 'vitest';
import { hashText, SeededRandom } from './random.js';

describe('SeededRandom', () => {
  test('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  test('stays inside its bounds and reaches both ends', () => {
    const random = new SeededRandom(1);
    const numbers = Array.from({ length: 2000 }, () => random.integer(3, 6));
    expect(new Set(numbers)).toEqual(new Set([3, 4, 5, 6]));
  });

  test('makes version 4 UUIDs', () => {
    expect(new SeededRandom(3).uuid()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  test('a shuffle keeps every item', () => {
    const shuffled = new SeededRandom(5).shuffle([1, 2, 3, 4, 5, 6]);
    expect(shuffled.toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(shuffled).not.toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('hashing depends on the text alone', () => {
    expect(hashText('abc')).toBe(hashText('abc'));
    expect(hashText('abc')).not.toBe(hashText('abd'));
  });
});
