import { describe, expect, it } from 'vitest';
import { contractOf, NOON, rentalOf } from '../../../test/support/rentals.js';
import { compareFleet, type FleetAction } from './fleet-comparison.js';

const times = { now: NOON + 60_000, visibilityMs: 30_000, rentWindowMs: 300_000, lostRentMs: 600_000 };

const kinds = (actions: FleetAction[]): string[] => actions.map(({ kind }) => kind);
const compare = (
  rentals: Parameters<typeof rentalOf>[0][],
  contracts: Parameters<typeof contractOf>[0][],
  now = times.now,
): FleetAction[] => compareFleet(rentals.map(rentalOf), contracts.map(contractOf), { ...times, now });

describe('compareFleet', () => {
  it('follows a contract that both sides know', () => {
    expect(kinds(compare([{}], [{ state: 'running' }]))).toEqual(['observe']);
  });

  it('adopts a contract whose answer was lost, by its label', () => {
    expect(kinds(compare([{ state: 'requested', contractId: null }], [{}]))).toEqual(['adopt']);
  });

  it('leaves a rent alone that may still be on its way', () => {
    const young = [{ state: 'requested', contractId: null } as const];
    expect(compare(young, [{}], NOON + 1000)).toEqual([]);
    expect(compare(young, [], NOON + 1000)).toEqual([]);
  });

  it('gives up a rent whose process died', () => {
    const actions = compare([{ state: 'requested', contractId: null }], [], NOON + times.rentWindowMs + 1);
    expect(kinds(actions)).toEqual(['interrupted']);
  });

  it.each(['stopping', 'failed', 'lost', 'expired', 'destroyed'] as const)(
    'destroys what is left of a rental that is %s, and forgets it once it is gone',
    (state) => {
      expect(kinds(compare([{ state }], [{ state: 'running' }]))).toEqual(['destroy']);
      expect(kinds(compare([{ state }], [{ state: 'gone' }]))).toEqual(['forget']);
      expect(kinds(compare([{ state }], []))).toEqual(['missing']);
    },
  );

  it('destroys a contract that appears after its rent was given up', () => {
    const actions = compare([{ state: 'failed', contractId: null, endedAt: NOON }], [{ state: 'running' }]);
    expect(kinds(actions)).toEqual(['destroy']);
  });

  it('looks ten minutes for a lost rent, then forgets it', () => {
    const lost = [{ state: 'failed', contractId: null, endedAt: NOON } as const];
    expect(compare(lost, [], NOON + times.lostRentMs)).toEqual([]);
    expect(kinds(compare(lost, [], NOON + times.lostRentMs + 1))).toEqual(['forget']);
  });

  it('does not miss a contract that is too young to be listed', () => {
    expect(compare([{ contractAt: NOON }], [], NOON + 29_000)).toEqual([]);
    expect(kinds(compare([{ contractAt: NOON }], [], NOON + 31_000))).toEqual(['missing']);
  });

  it('does not take the next renter of a machine that is always called the same for the former one', () => {
    const former = { id: 'a', contractId: 'rack-1', label: 'gpx-a', state: 'stopping' } as const;
    const next = { id: 'b', contractId: 'rack-1', label: 'gpx-b', state: 'running' } as const;
    const actions = compare([former, next], [{ contractId: 'rack-1', label: 'gpx-b', state: 'running' }]);
    expect(kinds(actions)).toEqual(['missing', 'observe']);
    expect(actions[1]).toMatchObject({ rental: { id: 'b' } });
  });

  it('reports a second contract of one label', () => {
    const rental = { contractId: '1', label: 'gpx-a' };
    const contracts = [
      { contractId: '1', label: 'gpx-a' },
      { contractId: '2', label: 'gpx-a' },
    ];
    expect(kinds(compare([rental], contracts))).toEqual(['observe', 'orphan']);
  });

  it('reports contracts with our mark that nobody claims, unless they are gone', () => {
    expect(kinds(compare([], [{ contractId: '1', label: 'gpx-abcdef01-x' }]))).toEqual(['orphan']);
    expect(compare([], [{ contractId: '1', state: 'gone' }])).toEqual([]);
  });

  it('gives every rental at most one action and every contract one owner', () => {
    const rentals = [
      { id: 'a', contractId: '1', label: 'gpx-a' },
      { id: 'b', contractId: '2', label: 'gpx-b' },
    ];
    const contracts = [
      { contractId: '1', label: 'gpx-a' },
      { contractId: '2', label: 'gpx-b' },
    ];
    expect(kinds(compare(rentals, contracts))).toEqual(['observe', 'observe']);
  });
});
