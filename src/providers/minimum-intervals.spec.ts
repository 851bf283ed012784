import { describe, expect, it } from 'vitest';
import { ManualClock } from '../common/clock.js';
import { CallLane } from './minimum-intervals.js';

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

interface Entered {
  lane: CallLane;
  clock: ManualClock;
  /** Names of the calls that have started, with the second at which they did. */
  started: string[];
  enter(name: string, signal?: AbortSignal): Promise<void>;
  advance(seconds: number): Promise<void>;
}

function openLane(calls: number, perSeconds: number, scale = 1): Entered {
  const clock = new ManualClock(0);
  const lane = new CallLane({ calls, perMs: perSeconds * 1000 }, scale, clock);
  const started: string[] = [];
  return {
    lane,
    clock,
    started,
    enter: async (name, signal) => {
      await lane.enter(signal);
      started.push(`${name}@${Math.floor(clock.now() / 1000)}`);
    },
    advance: async (seconds) => {
      for (let step = 0; step < seconds * 10; step++) {
        clock.advance(100);
        await settle();
      }
    },
  };
}

describe('CallLane', () => {
  it('starts calls in the order of their coming, one interval apart', async () => {
    const { enter, advance, started } = openLane(1, 10);
    void enter('a');
    void enter('b');
    void enter('c');
    await settle();
    expect(started).toEqual(['a@0']);
    await advance(25);
    expect(started).toEqual(['a@0', 'b@10', 'c@20']);
  });

  it('allows a burst within a window, then waits for the first of it to leave', async () => {
    const { enter, advance, started } = openLane(3, 60);
    for (const name of ['a', 'b', 'c', 'd']) void enter(name);
    await settle();
    expect(started).toEqual(['a@0', 'b@0', 'c@0']);
    await advance(63);
    expect(started.at(-1)).toBe('d@61');
  });

  it('tells the wait before a call joins, with others planned ahead', async () => {
    const { lane, enter } = openLane(1, 10);
    expect(lane.delayMs()).toBe(0);
    void enter('a');
    void enter('b');
    await settle();
    expect(lane.delayMs()).toBeCloseTo(2 * 10_305, 0);
    expect(lane.delayMs(3)).toBeCloseTo(5 * 10_305, 0);
  });

  it('lets an aborted caller go at once, and nobody waits in its place', async () => {
    const { enter, advance, started, lane } = openLane(1, 10);
    void enter('a');
    const abort = new AbortController();
    const b = enter('b', abort.signal);
    void enter('c');
    await settle();
    abort.abort(new Error('given up'));
    await expect(b).rejects.toThrow('given up');
    expect(lane.delayMs()).toBeCloseTo(2 * 10_305, 0);
    await advance(11);
    expect(started).toEqual(['a@0', 'c@10']);
  });

  it('starts nothing during a pause, and keeps the distance after it', async () => {
    const { lane, enter, advance, started } = openLane(1, 2);
    lane.pause(30_000);
    void enter('a');
    void enter('b');
    await advance(29);
    expect(started).toEqual([]);
    await advance(4);
    expect(started).toEqual(['a@30', 'b@32']);
  });

  it('has no limits at scale 0', async () => {
    const { enter, started } = openLane(1, 4.5, 0);
    for (const name of ['a', 'b', 'c']) void enter(name);
    await settle();
    expect(started).toEqual(['a@0', 'b@0', 'c@0']);
  });
});
