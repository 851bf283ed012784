import { describe, expect, it } from 'vitest';
import { RunTracker, type RunStep } from './run-tracker.js';

const step = (changes: Partial<RunStep> = {}): RunStep => ({
  userId: 'user',
  keyId: 'key',
  ip: '203.0.113.9',
  pool: 'default',
  startedAt: 1000,
  endedAt: 1100,
  ...changes,
});

describe('RunTracker', () => {
  it('puts requests of one key, address and pool into one run', () => {
    const tracker = new RunTracker(10);
    tracker.note(step());
    tracker.note(step({ startedAt: 2000, endedAt: 2500 }));
    tracker.note(step({ startedAt: 1500, endedAt: 1600 }));
    const runs = tracker.takeEnded(5000);
    expect(runs).toMatchObject([{ kind: 'requests', clientId: 'key', startedAt: 1000, endedAt: 2500 }]);
    expect(tracker.size).toBe(0);
  });

  it('keeps keys, addresses, pools and users apart', () => {
    const tracker = new RunTracker(10);
    const others: Partial<RunStep>[] = [{ keyId: 'b' }, { ip: null }, { pool: null }, { userId: 'b' }];
    for (const changes of [{}, ...others]) tracker.note(step(changes));
    expect(tracker.takeEnded(5000)).toHaveLength(5);
  });

  it('ends only runs that are idle since then', () => {
    const tracker = new RunTracker(10);
    tracker.note(step({ keyId: 'a', endedAt: 1000 }));
    tracker.note(step({ keyId: 'b', endedAt: 2000 }));
    expect(tracker.takeEnded(1500)).toMatchObject([{ clientId: 'a' }]);
    expect(tracker.takeEnded(1500)).toEqual([]);
    expect(tracker.takeEnded(2000)).toMatchObject([{ clientId: 'b' }]);
  });

  it('begins a new run after one has ended', () => {
    const tracker = new RunTracker(10);
    tracker.note(step());
    const [first] = tracker.takeEnded(5000);
    tracker.note(step({ startedAt: 9000, endedAt: 9100 }));
    const [second] = tracker.takeEnded(9999);
    expect(second).toMatchObject({ startedAt: 9000 });
    expect(second?.sessionId).not.toBe(first?.sessionId);
  });

  it('ends the run idle for longest when there are too many', () => {
    const tracker = new RunTracker(2);
    for (const keyId of ['a', 'b', 'a', 'c']) tracker.note(step({ keyId, endedAt: 9_000_000 }));
    expect(tracker.takeEnded(0)).toMatchObject([{ clientId: 'b' }]);
  });

  it('takes back what could not be written, within its limit', () => {
    const tracker = new RunTracker(2);
    for (const keyId of ['a', 'b']) tracker.note(step({ keyId }));
    const runs = tracker.takeEnded(5000);
    tracker.giveBack([...runs, ...runs]);
    expect(tracker.takeEnded(0)).toEqual(runs);
  });

  it('says which runs have no place in the ledger yet', () => {
    const tracker = new RunTracker(10);
    tracker.note(step());
    for (const run of tracker.unplaced()) run.openedSeq = 0;
    expect(tracker.unplaced()).toEqual([]);
  });

  it('keeps each socket apart, open until it is closed, once', () => {
    const tracker = new RunTracker(10);
    const [first, second] = [tracker.openSocket(step()), tracker.openSocket(step())];
    tracker.note(step());
    expect(tracker.unplaced()).toHaveLength(3);
    expect(tracker.takeEnded(9_000_000)).toMatchObject([{ kind: 'requests' }]);
    tracker.closeSocket(first, 61_000);
    tracker.closeSocket(first, 99_000);
    expect(tracker.takeEnded(0)).toMatchObject([{ kind: 'socket', startedAt: 1000, endedAt: 61_000 }]);
    tracker.closeAllSockets(70_000);
    expect(tracker.takeEnded(0)).toEqual([second]);
    expect(tracker.size).toBe(0);
  });

  it('has nothing to do for a socket that is only open', () => {
    const tracker = new RunTracker(10);
    tracker.openSocket(step());
    expect(tracker.size).toBe(1);
    for (const socket of tracker.unplaced()) socket.openedSeq = 0;
    expect(tracker.size).toBe(0);
  });
});
