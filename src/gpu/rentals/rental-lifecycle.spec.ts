import { describe, expect, it } from 'vitest';
import { contractOf, NOON, rentalOf } from '../../../test/support/rentals.js';
import type { ContractState } from '../../providers/gpu-provider.js';
import {
  dueEnd,
  OFFLINE_SIGHTINGS,
  transitionFor,
  vanished,
  type Absence,
  type Transition,
} from './rental-lifecycle.js';
import { RENTAL_STATES, isLive, type RentalState } from './rental-state.js';

const limits = { bootTimeoutMs: 900_000, serviceBootTimeoutMs: 1_800_000 };
const mapped = new Map([[8000, 'http://1.2.3.4:41300']]);

function see(
  rental: Parameters<typeof rentalOf>[0],
  contract: Parameters<typeof contractOf>[0],
  { now = NOON + 1000, offline }: { now?: number; offline?: Absence } = {},
): Transition | undefined {
  return transitionFor(rentalOf(rental), contractOf(contract), now, { limits, offline });
}

describe('transitionFor', () => {
  it('waits while the farm is at it', () => {
    expect(see({}, { state: 'pending' })).toBeUndefined();
  });

  it('is starting while the container runs and no port is mapped', () => {
    expect(see({}, { state: 'running' })).toMatchObject({ state: 'starting' });
    expect(see({ state: 'starting' }, { state: 'running' })).toBeUndefined();
  });

  it('runs once the ports are mapped', () => {
    expect(see({}, { state: 'running', origins: mapped })).toMatchObject({
      state: 'running',
      origins: { '8000': 'http://1.2.3.4:41300' },
    });
  });

  it('runs without ports when none were asked for', () => {
    expect(see({ hasService: false }, { state: 'running' })).toMatchObject({ state: 'running' });
  });

  it.each(['pending', 'running', 'offline'] as const)('fails at the boot deadline while %s', (state) => {
    expect(see({}, { state }, { now: NOON + limits.bootTimeoutMs })).toMatchObject({
      state: 'failed',
      reason: 'boot_timeout',
    });
  });

  it.each(['stopped', 'failed', 'gone'] as const)('failed before it ran, lost after, when %s', (state) => {
    expect(see({}, { state, reason: 'outbid' })).toMatchObject({ state: 'failed', reason: 'outbid' });
    expect(see({ state: 'running' }, { state, reason: 'outbid' })).toMatchObject({
      state: 'lost',
      reason: 'outbid',
    });
  });

  it('names a reason even where the farm gives none', () => {
    expect(see({ state: 'running' }, { state: 'stopped' })?.reason).toBe('stopped_by_farm');
  });

  it('expires at the end of the term, before and after it ran', () => {
    const end = { state: 'stopped', reason: 'contract_end' } as const;
    expect(see({ state: 'running' }, end)).toMatchObject({ state: 'expired', reason: 'contract_end' });
    expect(see({}, end)).toMatchObject({ state: 'expired' });
  });

  it('charges nothing beyond the end of the term, however late it is seen', () => {
    const rental = { state: 'running', endsAt: NOON + 500 } as const;
    const end = { state: 'stopped', reason: 'contract_end' } as const;
    expect(see(rental, end, { now: NOON + 9000 })?.at).toBe(NOON + 500);
    expect(see(rental, end, { now: NOON + 400 })?.at).toBe(NOON + 400);
  });

  it('gives a host that is away a while before the rental is lost, as of when it went away', () => {
    const away = { state: 'offline' } as const;
    const seen = (count: number): Transition | undefined =>
      see({ state: 'running' }, away, { now: NOON + 60_000, offline: { count, since: NOON + 5000 } });
    expect(seen(OFFLINE_SIGHTINGS - 1)).toBeUndefined();
    expect(seen(OFFLINE_SIGHTINGS)).toEqual({ state: 'lost', reason: 'host_offline', at: NOON + 5000 });
  });

  it('follows ports that were mapped anew', () => {
    const before = { state: 'running', origins: { '8000': 'http://1.2.3.4:40000' } } as const;
    expect(see(before, { state: 'running', origins: mapped })).toMatchObject({
      state: 'running',
      origins: { '8000': 'http://1.2.3.4:41300' },
    });
    expect(
      see({ ...before, origins: Object.fromEntries(mapped) }, { state: 'running', origins: mapped }),
    ).toBeUndefined();
    expect(see(before, { state: 'running' })).toBeUndefined();
  });

  it('never moves a rental that has ended, whatever the farm shows', () => {
    const ended = RENTAL_STATES.filter((state: RentalState) => !isLive(state));
    const shown: ContractState[] = ['pending', 'running', 'stopped', 'failed', 'offline', 'gone'];
    const moves = ended.flatMap((state) =>
      shown.map((contract) => see({ state }, { state: contract, origins: mapped })),
    );
    expect(moves.filter(Boolean)).toEqual([]);
  });
});

describe('vanished', () => {
  const missing = { count: 2, since: NOON + 5000 };
  const vanish = (
    rental: Parameters<typeof rentalOf>[0],
    contract?: Parameters<typeof contractOf>[0],
  ): Transition => vanished(rentalOf(rental), contract && contractOf(contract), NOON + 9000, missing);

  it('lost a rental that ran and failed one that did not, as of when it was missed', () => {
    expect(vanish({ state: 'running' })).toEqual({
      state: 'lost',
      reason: 'contract_gone',
      at: NOON + 5000,
    });
    expect(vanish({})).toMatchObject({ state: 'failed', reason: 'contract_gone' });
  });

  it('takes the reason of a farm that keeps its dead', () => {
    const gone = { state: 'gone', reason: 'contract_end' } as const;
    expect(vanish({ state: 'running' }, gone)).toMatchObject({ state: 'expired', reason: 'contract_end' });
  });

  it('knows the end of a term without being told', () => {
    expect(vanish({ state: 'running', endsAt: NOON + 3000 })).toEqual({
      state: 'expired',
      reason: 'contract_end',
      at: NOON + 3000,
    });
  });
});

describe('dueEnd', () => {
  const running = { state: 'running', runningAt: NOON } as const;
  const at = (rental: Parameters<typeof rentalOf>[0], now: number): Transition | undefined =>
    dueEnd(rentalOf({ ...running, ...rental }), now, limits);

  it('ends a rental at its time limit, counted from running, and charges to the limit only', () => {
    expect(at({ timeLimitMs: 30_000 }, NOON + 29_999)).toBeUndefined();
    expect(at({ timeLimitMs: 30_000 }, NOON + 45_000)).toEqual({
      state: 'expired',
      reason: 'time_limit',
      at: NOON + 30_000,
    });
  });

  it('ends a rental after the hours that its owner wanted', () => {
    expect(at({ durationHours: 2 }, NOON + 7_199_999)).toBeUndefined();
    expect(at({ durationHours: 2 }, NOON + 7_200_000)).toMatchObject({
      state: 'expired',
      reason: 'contract_end',
    });
  });

  it('fails a service that never answered on the health path its owner named', () => {
    const late = NOON + limits.serviceBootTimeoutMs;
    expect(at({ healthPath: '/ready' }, late)).toMatchObject({ state: 'failed', reason: 'service_timeout' });
    expect(at({ healthPath: '/ready', servedAt: NOON + 5 }, late)).toBeUndefined();
    expect(at({ healthPath: null }, late)).toBeUndefined();
  });

  it('leaves rentals alone that do not run', () => {
    expect(at({ state: 'provisioning', runningAt: null, timeLimitMs: 1 }, NOON * 2)).toBeUndefined();
  });
});
