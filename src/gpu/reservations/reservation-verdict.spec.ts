import { describe, expect, it } from 'vitest';
import { NOON, rentalOf } from '../../../test/support/rentals.js';
import type { Reservation } from './reservation.entity.js';
import { judge, type Verdict } from './reservation-verdict.js';

const RUNNING = { state: 'running', runningAt: NOON } as const;
const ON_THE_WAY = { state: 'provisioning' } as const;
const FAILED = { state: 'failed', reason: 'boot_timeout' } as const;

function verdict(
  members: Parameters<typeof rentalOf>[0][],
  reservation: Partial<Reservation> = {},
  now = NOON + 1000,
): Verdict {
  const whole = { mode: 'atomic', requested: 2, rentedAt: NOON, deadlineAt: NOON + 180_000, ...reservation };
  return judge(whole as Reservation, members.map(rentalOf), now);
}

describe('judge, atomic', () => {
  it('waits while members are on their way', () => {
    expect(verdict([RUNNING, ON_THE_WAY]).kind).toBe('wait');
  });

  it('is complete when all members run', () => {
    expect(verdict([RUNNING, RUNNING]).kind).toBe('complete');
  });

  it('replaces a member that ended before it ran', () => {
    expect(verdict([RUNNING, FAILED])).toMatchObject({ kind: 'replace', members: [{ state: 'running' }] });
    expect(verdict([RUNNING, FAILED, ON_THE_WAY]).kind).toBe('wait');
    expect(verdict([RUNNING, FAILED, RUNNING]).kind).toBe('complete');
  });

  it('does not replace a member that ran and was lost later', () => {
    expect(verdict([RUNNING, { state: 'lost', runningAt: NOON }]).kind).toBe('complete');
  });

  it('respects that the owner dismissed a member', () => {
    expect(verdict([RUNNING, { state: 'destroyed', reason: 'destroyed_by_owner' }]).kind).toBe('complete');
  });

  it('leaves it alone while it is being rented, and fails it when that process died', () => {
    expect(verdict([], { rentedAt: null }).kind).toBe('wait');
    expect(verdict([], { rentedAt: null }, NOON + 180_000 + 120_001)).toEqual({
      kind: 'fail',
      reason: 'interrupted',
    });
  });
});

describe('judge, best effort', () => {
  const mode = { mode: 'best_effort' } as const;

  it('keeps those that run', () => {
    expect(verdict([RUNNING, ON_THE_WAY], mode).kind).toBe('wait');
    expect(verdict([RUNNING, FAILED], mode).kind).toBe('complete');
  });

  it('fails when none came up', () => {
    expect(verdict([FAILED, FAILED], mode)).toEqual({ kind: 'fail', reason: 'no_member_came_up' });
  });
});
