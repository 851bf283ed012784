import { afterEach, describe, expect, it, vi } from 'vitest';
import { isId, newId, newOrderedId } from './id.js';

describe('ids', () => {
  afterEach(() => vi.useRealTimers());

  it.each([newId, newOrderedId])('are all different', (make) => {
    const ids = Array.from({ length: 10_000 }, make);
    expect(new Set(ids).size).toBe(10_000);
    expect(ids.every(isId)).toBe(true);
  });

  it('of rows that are listed keep the order in which they were made', () => {
    const ids = Array.from({ length: 10_000 }, newOrderedId);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('keep it when the clock is set back', () => {
    vi.useFakeTimers({ now: Date.now() + 1000, toFake: ['Date'] });
    const before = newOrderedId();
    vi.setSystemTime(Date.now() - 500);
    expect(newOrderedId() > before).toBe(true);
  });
});
