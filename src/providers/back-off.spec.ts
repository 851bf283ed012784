import { describe, expect, it } from 'vitest';
import { parseRetryAfterMs, retryMs, slowdownMs } from './back-off.js';

const answer = (more: object = {}) => ({ status: 429, body: undefined, text: '', ...more });

describe('slowdownMs', () => {
  it('doubles from 15 s to 2 min, scaled', () => {
    const waits = [1, 2, 3, 4, 5].map((attempt) => slowdownMs(answer(), attempt, 1));
    expect(waits).toEqual([15_000, 30_000, 60_000, 120_000, 120_000]);
    expect(slowdownMs(answer(), 1, 0.01)).toBe(150);
  });

  it('believes the farm, in the header and in the body', () => {
    expect(slowdownMs(answer({ retryAfterMs: 3000 }), 4, 1)).toBe(3000);
    expect(slowdownMs(answer({ body: { retry_after: 7 } }), 4, 1)).toBe(7000);
  });
});

describe('retryMs', () => {
  it('is short, and never longer than in reality', () => {
    expect([retryMs(1, 1), retryMs(2, 1), retryMs(1, 50)]).toEqual([300, 600, 300]);
  });
});

describe('parseRetryAfterMs', () => {
  it.each([
    ['5', 5000],
    ['1.5', 1500],
    ['Thu, 01 Jan 1970 00:00:20 GMT', 10_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s', (value, expected) => {
    expect(parseRetryAfterMs(value, 10_000)).toBe(expected);
  });
});
