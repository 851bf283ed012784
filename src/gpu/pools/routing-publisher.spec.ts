import { describe, expect, it } from 'vitest';
import { RoutingPublisher } from './routing-publisher.js';

/** A reader whose readings end when told to. */
function slowReader() {
  const ends: (() => void)[] = [];
  const reader = {
    read: () =>
      new Promise((resolve) => {
        ends.push(() => resolve({ rentals: [], instances: [], pools: [] }));
      }),
  };
  return { reader, ends };
}

const nothing = { replaceOwner: () => [] };
const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('RoutingPublisher', () => {
  it('shares one waiting run between all who come while another is under way', async () => {
    const { reader, ends } = slowReader();
    const preferences = { of: async () => 'round_robin' };
    const publisher = new RoutingPublisher(
      reader as never,
      nothing as never,
      nothing as never,
      {} as never,
      preferences as never,
    );
    const first = publisher.publishOwner('ann');
    const later = [1, 2, 3].map(() => publisher.publishOwner('ann'));
    const other = publisher.publishOwner('bob');
    await flush();
    expect(ends).toHaveLength(2);
    ends.forEach((end) => end());
    await first;
    await other;
    await flush();
    expect(ends).toHaveLength(3);
    ends[2]();
    await Promise.all(later);
    void publisher.publishOwner('ann');
    await flush();
    expect(ends).toHaveLength(4);
  });
});
