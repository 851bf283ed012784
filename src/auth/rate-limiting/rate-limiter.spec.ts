import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { rateLimited, rateLimitHeaders } from './rate-limit-headers.js';
import { RateLimiter } from './rate-limiter.js';
import type { RateDecision, RatePolicy } from './rate-policy.js';

const POLICY: RatePolicy = { name: 'test', limit: 10, windowMs: 60_000 };

describe('RateLimiter', () => {
  const start = (): { clock: ManualClock; limiter: RateLimiter } => {
    const clock = new ManualClock();
    return { clock, limiter: new RateLimiter(clock) };
  };

  it('allows the whole limit at once, then one per interval', () => {
    const { clock, limiter } = start();
    const burst = Array.from({ length: 10 }, () => limiter.take(POLICY, 'a'));
    expect(burst.map(({ isAllowed, remaining }) => [isAllowed, remaining])).toEqual(
      Array.from({ length: 10 }, (_, index) => [true, 9 - index]),
    );
    expect(limiter.take(POLICY, 'a')).toMatchObject({ isAllowed: false, remaining: 0, retryAfterMs: 6000 });
    clock.advance(5999);
    expect(limiter.take(POLICY, 'a').isAllowed).toBe(false);
    clock.advance(1);
    expect(limiter.take(POLICY, 'a').isAllowed).toBe(true);
    expect(limiter.take(POLICY, 'a').isAllowed).toBe(false);
    clock.advance(60_000);
    expect(limiter.peek(POLICY, 'a')).toMatchObject({ isAllowed: true, remaining: 10, resetMs: 0 });
  });

  it('keeps keys and policies apart, and looking costs nothing', () => {
    const { limiter } = start();
    for (let round = 0; round < 20; round++) limiter.take(POLICY, 'a');
    expect(limiter.take(POLICY, 'b').remaining).toBe(9);
    expect(limiter.take({ ...POLICY, name: 'other' }, 'a').remaining).toBe(9);
    for (let round = 0; round < 20; round++) limiter.peek(POLICY, 'b');
    expect(limiter.take(POLICY, 'b').remaining).toBe(8);
  });

  it('has no limit at 0', () => {
    const { limiter } = start();
    const off = { ...POLICY, limit: 0 };
    for (let round = 0; round < 1000; round++) expect(limiter.take(off, 'a').isAllowed).toBe(true);
    expect(rateLimitHeaders(limiter.take(off, 'a'))).toEqual({});
  });

  it('forgives a clock that was set back', () => {
    const { clock, limiter } = start();
    for (let round = 0; round < 10; round++) limiter.take(POLICY, 'a');
    clock.advance(-3_600_000);
    expect(limiter.take(POLICY, 'a').isAllowed).toBe(false);
    expect(limiter.take(POLICY, 'a').retryAfterMs).toBeLessThanOrEqual(POLICY.windowMs);
    clock.advance(POLICY.windowMs);
    expect(limiter.take(POLICY, 'a').remaining).toBe(9);
  });

  describe('for any policy', () => {
    const { clock, limiter } = start();
    const policies = fc.record({
      name: fc.uuid(),
      limit: fc.integer({ min: 1, max: 50 }),
      windowMs: fc.integer({ min: 100, max: 60_000 }),
    });

    it('never allows more than the burst and the rate in any span of time', () => {
      const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 100 });
      fc.assert(
        fc.property(policies, gaps, (policy, pauses) => {
          const allowed: number[] = [];
          for (const pause of pauses) {
            clock.advance(pause);
            if (limiter.take(policy, 'k').isAllowed) allowed.push(clock.now());
          }
          expect(largestExcess(policy, allowed)).toBeLessThan(1e-3);
          expect(allowed.length).toBeGreaterThanOrEqual(Math.min(policy.limit, pauses.length));
        }),
      );
    });

    it('says truly when the next request is allowed', () => {
      fc.assert(
        fc.property(policies, (policy) => {
          while (limiter.take(policy, 'k').isAllowed);
          clock.advance(Math.ceil(limiter.take(policy, 'k').retryAfterMs));
          expect(limiter.take(policy, 'k').isAllowed).toBe(true);
        }),
      );
    });
  });
});

/** By how much the worst span of time was over burst + rate × span. */
function largestExcess({ limit, windowMs }: RatePolicy, allowed: readonly number[]): number {
  const excesses = allowed.flatMap((from, first) =>
    allowed.slice(first).map((to, offset) => offset + 1 - limit - (limit / windowMs) * (to - from)),
  );
  return Math.max(...excesses, -Infinity);
}

describe('rateLimitHeaders', () => {
  it('list all policies, and 429 names those that refuse and waits for the last of them', async () => {
    const limiter = new RateLimiter(new ManualClock(1_000_000_000_000));
    const policies = [POLICY, { ...POLICY, name: 'slow', limit: 1 }, { ...POLICY, name: 'off', limit: 0 }];
    const take = (): Promise<RateDecision[]> =>
      limiter.takeExactly(policies.map((policy) => ({ policy, key: 'k' })));
    await take();
    const refused = rateLimited(...(await take()));
    expect(refused.data).toEqual({ violated_policies: ['slow'] });
    expect(refused.headers).toEqual({
      'RateLimit-Policy': '"test";q=10;w=60, "slow";q=1;w=60',
      RateLimit: '"test";r=9;t=6, "slow";r=0;t=60',
      'X-RateLimit-Limit': '1',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': '1000000060',
      'Retry-After': '60',
    });
  });

  it('tell limit, rest and reset, and 429 asks for a whole second at least', () => {
    const clock = new ManualClock(1_000_000_000_500);
    const limiter = new RateLimiter(clock);
    const policy = { name: 'fast', limit: 2, windowMs: 1000 };
    expect(rateLimitHeaders(limiter.take(policy, 'k'))).toEqual({
      'RateLimit-Policy': '"fast";q=2;w=1',
      RateLimit: '"fast";r=1;t=1',
      'X-RateLimit-Limit': '2',
      'X-RateLimit-Remaining': '1',
      'X-RateLimit-Reset': '1000000001',
    });
    limiter.take(policy, 'k');
    const refused = rateLimited(limiter.take(policy, 'k'));
    expect(refused).toMatchObject({ code: 'rate_limited', status: 429, headers: { 'Retry-After': '1' } });
  });
});
