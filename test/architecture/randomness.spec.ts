import { describe, expect, it } from 'vitest';
import { readSources } from './source-tree.js';

describe('random values', () => {
  it('never come from Math.random', () => {
    const wrong = readSources().filter(({ text }) => text.includes('Math.random'));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});
