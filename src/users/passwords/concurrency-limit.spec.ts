import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from './concurrency-limit.js';

describe('ConcurrencyLimit', () => {
  it('runs so many at a time, in order, and goes on after failures', async () => {
    const limit = new ConcurrencyLimit(2);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const work = async (index: number): Promise<void> => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      order.push(index);
      running--;
      if (index % 2) throw new Error('odd');
    };
    const results = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((index) => limit.run(() => work(index))));
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect([most, order]).toEqual([2, [0, 1, 2, 3, 4, 5]]);
    expect(await limit.run(() => Promise.resolve('after'))).toBe('after');
  });
});
