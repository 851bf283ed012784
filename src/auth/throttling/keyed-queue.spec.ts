import { describe, expect, it } from 'vitest';
import { KeyedQueue } from './keyed-queue.js';

describe('KeyedQueue', () => {
  it('runs one piece of work per key at a time, in order, past failures', async () => {
    const queue = new KeyedQueue();
    const order: string[] = [];
    const work =
      (name: string, isFailing = false) =>
      async (): Promise<string> => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
        if (isFailing) throw new Error(name);
        return name;
      };
    const results = await Promise.allSettled([
      queue.run('a', work('a1', true)),
      queue.run('a', work('a2')),
      queue.run('b', work('b1')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(order.indexOf('a1 ends')).toBeLessThan(order.indexOf('a2 begins'));
    expect(order.indexOf('b1 begins')).toBeLessThan(order.indexOf('a2 begins'));
  });
});
