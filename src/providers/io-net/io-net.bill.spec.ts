import { describe, expect, it } from 'vitest';
import { billOf } from './io-net.bill.js';

const DEPLOYMENT = {
  status: 'destroyed',
  amount_paid: 3,
  started_at: '2026-11-25T10:00:00.000000',
  finished_at: '2026-11-25T11:30:00.000000',
};

describe('the bill of an io.net deployment', () => {
  it.each([
    ['a term that was served', { status: 'COMPLETED' }, 3_000_000],
    ['an hour and a half of three hours', {}, 1_500_000],
    ['less than an hour', { finished_at: '2026-11-25T10:20:00Z' }, 1_000_000],
    ['a millisecond more than an hour', { finished_at: '2026-11-25T11:00:00.001000' }, 1_000_000],
    ['seconds more than an hour', { finished_at: '2026-11-25T11:00:03.600000' }, 1_001_000],
    ['one that has never run', { started_at: null }, 0],
    ['one that failed after two hours', { status: 'failed', finished_at: '2026-11-25T12:00:00' }, 2_000_000],
    ['one that outlived its term', { finished_at: '2026-11-25T20:00:00' }, 3_000_000],
    ['a clock that ran backwards', { finished_at: '2026-11-25T09:00:00' }, 1_000_000],
    ['one that still runs', { status: 'running' }, undefined],
    ['one that is being ended', { status: 'termination requested' }, undefined],
    ['one without its price', { amount_paid: null }, undefined],
    ['one without its end', { finished_at: null }, undefined],
    ['nonsense for a time', { finished_at: 'soon' }, undefined],
  ])('of %s', (_, changes, micro) => {
    expect(billOf({ ...DEPLOYMENT, ...changes }, 1_000_000)).toBe(micro);
  });

  it('needs the price per hour to know what was bought', () => {
    expect(billOf(DEPLOYMENT, 0)).toBeUndefined();
  });
});
