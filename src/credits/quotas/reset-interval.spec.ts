import { describe, expect, it } from 'vitest';
import type { ResetInterval } from './credit-quota.entity.js';
import { nextReset } from './reset-interval.js';

describe('nextReset', () => {
  it.each<[ResetInterval, string, string]>([
    ['day', '2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z'],
    ['day', '2026-12-31T23:59:59.999Z', '2027-01-01T00:00:00Z'],
    // 23 November 2026 is a Monday.
    ['week', '2026-11-22T23:59:59Z', '2026-11-23T00:00:00Z'],
    ['week', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
    ['week', '1970-01-01T00:00:00Z', '1970-01-05T00:00:00Z'],
    ['month', '2026-11-23T10:00:00Z', '2026-12-01T00:00:00Z'],
    ['month', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ])('of a %s at %s is %s', (interval, now, expected) => {
    expect(new Date(nextReset(interval, Date.parse(now))).toISOString()).toBe(
      new Date(expected).toISOString(),
    );
  });
});
