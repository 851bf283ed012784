import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SimulatedClock } from './simulated-clock.js';

describe('SimulatedClock', () => {
  beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => vi.useRealTimers());

  test('work happens sooner by the time scale, the calendar runs by its own', () => {
    const clock = new SimulatedClock({ timeScale: 60, calendarScale: 1 });
    const work = vi.fn();
    clock.schedule(60_000, work);
    vi.advanceTimersByTime(999);
    expect(work).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledOnce();
    expect(clock.now()).toBe(1_001_000);
  });

  test('a faster calendar starts at the real time', () => {
    const clock = new SimulatedClock({ timeScale: 1, calendarScale: 3600 });
    expect(clock.now()).toBe(1_000_000);
    vi.advanceTimersByTime(1000);
    expect(clock.now()).toBe(1_000_000 + 3_600_000);
    expect(clock.nowSeconds()).toBe(4600);
  });

  test('skip moves the calendar at once', () => {
    const clock = new SimulatedClock({ timeScale: 1, calendarScale: 1 });
    clock.skip(5000);
    expect(clock.now()).toBe(1_005_000);
  });

  test('neither cancelled work nor work after stop happens', () => {
    const clock = new SimulatedClock({ timeScale: 1, calendarScale: 1 });
    const work = vi.fn();
    clock.schedule(10, work)();
    clock.schedule(20, work);
    clock.stop();
    vi.advanceTimersByTime(100);
    expect(work).not.toHaveBeenCalled();
  });

  test('held work waits for the release, and may still be cancelled', () => {
    const clock = new SimulatedClock({ timeScale: 1, calendarScale: 1 });
    const done: string[] = [];
    clock.schedule(20, () => done.push('second'));
    clock.schedule(10, () => done.push('first'));
    const cancel = clock.schedule(30, () => done.push('third'));
    clock.hold();
    vi.advanceTimersByTime(100);
    expect(done).toEqual([]);
    cancel();
    clock.release();
    expect(done).toEqual(['first', 'second']);
  });
});
