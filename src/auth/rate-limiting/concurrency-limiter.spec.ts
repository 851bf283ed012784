import { describe, expect, it } from 'vitest';
import type { Caller } from '../../common/caller.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';

const caller = (userId: string, credentialId: string): Caller => ({ userId, credentialId }) as Caller;

describe('ConcurrencyLimiter', () => {
  it('counts in and out, each request once', () => {
    const limiter = new ConcurrencyLimiter();
    const [first, second] = [limiter.enter(caller('u', 'k')), limiter.enter(caller('u', 'l'))];
    expect(['u', 'k', 'l'].map((id) => limiter.activeOf(id))).toEqual([2, 1, 1]);
    first();
    first();
    expect(['u', 'k', 'l'].map((id) => limiter.activeOf(id))).toEqual([1, 0, 1]);
    second();
    expect(['u', 'k', 'l'].map((id) => limiter.activeOf(id))).toEqual([0, 0, 0]);
  });

  it('gives a user so much and a credential half of it, and others are not concerned', () => {
    const limiter = new ConcurrencyLimiter();
    const leave = Array.from({ length: 10_000 }, () => limiter.enter(caller('u', 'k')));
    const refused = expect.objectContaining({ code: 'too_many_concurrent_requests', status: 429 });
    expect(() => limiter.enter(caller('u', 'k'))).toThrow(refused);
    leave[0]();
    leave[0] = limiter.enter(caller('u', 'k'));
    for (let count = 0; count < 10_000; count++) limiter.enter(caller('u', 'l'));
    expect(() => limiter.enter(caller('u', 'm'))).toThrow(refused);
    expect(limiter.enter(caller('v', 'n'))).toBeTypeOf('function');
    expect(limiter.activeOf('m')).toBe(0);
  });
});
