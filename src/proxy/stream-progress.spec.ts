import { describe, expect, it } from 'vitest';
import { StreamProgress } from './stream-progress.js';

const STREAM = 'data: role\n\ndata: a\n\n: ping\ndata: b\r\n\r\n\n\ndata: c\n\ndata: half';

function toldOf(chunks: readonly string[]): number[] {
  const told: number[] = [];
  const progress = new StreamProgress((tokens) => told.push(tokens));
  for (const chunk of chunks) progress.push(Buffer.from(chunk));
  return told;
}

describe('StreamProgress', () => {
  it('counts whole events, all but the first', () => {
    expect(toldOf([STREAM])).toEqual([3]);
  });

  it('counts the same however the bytes are cut', () => {
    expect(toldOf([...STREAM])).toEqual([0, 1, 2, 3]);
    expect(toldOf([STREAM.slice(0, 20), STREAM.slice(20)]).at(-1)).toBe(3);
  });

  it('says nothing when nothing was completed', () => {
    expect(toldOf(['data: x', ' y', '\n'])).toEqual([]);
  });
});
