import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import {
  bucketOf,
  type RateAsk,
  type RateDecision,
  type RatePolicy,
} from '../../src/auth/rate-limiting/rate-policy.js';
import { RATE_STORES, type OpenRateStore } from '../support/rate-stores.js';

const POLICY: RatePolicy = { name: 'test', limit: 10, windowMs: 60_000 };

describe.each(RATE_STORES)('$name', ({ open }) => {
  let opened: OpenRateStore;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  const askFor = (changes: Partial<RatePolicy> = {}, key: string = newId()): RateAsk => ({
    policy: { ...POLICY, ...changes },
    key,
  });
  const take = async (...asks: RateAsk[]): Promise<RateDecision[]> => opened.store.takeAll(asks);
  const isAllowed = async (...asks: RateAsk[]): Promise<boolean> =>
    (await take(...asks)).every((decision) => decision.isAllowed);
  const advance = (ms: number, ...asks: RateAsk[]): Promise<void> => opened.advance(ms, asks.map(bucketOf));

  it('allows the whole limit at once, then one per interval', async () => {
    const ask = askFor();
    const remaining = [];
    for (let round = 0; round < 10; round++) remaining.push((await take(ask))[0].remaining);
    expect(remaining).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    const [refused] = await take(ask);
    expect([refused.isAllowed, refused.remaining, Math.ceil(refused.retryAfterMs / 1000)]).toEqual([
      false,
      0,
      6,
    ]);
    await advance(6000, ask);
    expect([await isAllowed(ask), await isAllowed(ask)]).toEqual([true, false]);
    await advance(60_000, ask);
    expect((await take(ask))[0].remaining).toBe(9);
  });

  it('allows exactly the limit of any number of simultaneous requests', async () => {
    const ask = askFor({ limit: 20 });
    const results = await Promise.all(Array.from({ length: 200 }, () => isAllowed(ask)));
    expect(results.filter(Boolean)).toHaveLength(20);
  });

  it('keeps keys and policies apart', async () => {
    const ask = askFor({ limit: 1 });
    expect(await isAllowed(ask)).toBe(true);
    expect(await isAllowed({ ...ask, key: newId() })).toBe(true);
    expect(await isAllowed({ ...ask, policy: { ...ask.policy, name: 'other' } })).toBe(true);
    expect(await isAllowed(ask)).toBe(false);
  });

  it('counts under all policies or under none', async () => {
    const key = newId();
    const wide = askFor({ name: 'wide' }, key);
    const narrow = askFor({ name: 'narrow', limit: 2 }, key);
    for (let round = 0; round < 2; round++) expect(await isAllowed(wide, narrow)).toBe(true);
    for (let round = 0; round < 5; round++) {
      const refused = await take(wide, narrow);
      expect(refused.map((decision) => [decision.isAllowed, decision.remaining])).toEqual([
        [true, 8],
        [false, 0],
      ]);
    }
    expect((await take(wide))[0].remaining).toBe(7);
  });

  it('has no limit at 0, also beside others', async () => {
    const off = askFor({ name: 'off', limit: 0 });
    const one = askFor({ limit: 1 });
    expect(await isAllowed(off)).toBe(true);
    const [, limited, unlimited] = await take(off, one, off);
    expect([limited.remaining, unlimited.remaining]).toEqual([0, Infinity]);
    expect((await take(off, one)).map((decision) => decision.isAllowed)).toEqual([true, false]);
  });

  it('never allows more than the burst and the rate in any span of time', async () => {
    const policies = fc.record({
      limit: fc.integer({ min: 1, max: 20 }),
      windowMs: fc.integer({ min: 20_000, max: 60_000 }),
    });
    const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(policies, gaps, async (changes, pauses) => {
        const ask = askFor(changes);
        const allowed: number[] = [];
        const startedAt = performance.now();
        let moved = 0;
        for (const pause of pauses) {
          await advance(pause, ask);
          moved += pause;
          if (await isAllowed(ask)) allowed.push(moved + performance.now() - startedAt);
        }
        expect(largestExcess(ask.policy, allowed)).toBeLessThan(0.05);
        expect(allowed.length).toBeGreaterThanOrEqual(Math.min(ask.policy.limit, pauses.length));
      }),
      { numRuns: 30 },
    );
  });
});

/** By how much the worst span of time was over burst + rate × span. */
function largestExcess({ limit, windowMs }: RatePolicy, allowed: readonly number[]): number {
  const excesses = allowed.flatMap((from, first) =>
    allowed.slice(first).map((to, offset) => offset + 1 - limit - (limit / windowMs) * (to - from)),
  );
  return Math.max(...excesses, -Infinity);
}
