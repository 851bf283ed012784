import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from './deadline.js';

describe('a deadline', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  const start = (): { deadline: Deadline; expired: () => number } => {
    let count = 0;
    return { deadline: new Deadline(() => (count += 1)), expired: () => count };
  };

  it('passes once', () => {
    const { deadline, expired } = start();
    deadline.set(100);
    vi.advanceTimersByTime(99);
    expect(expired()).toBe(0);
    vi.advanceTimersByTime(500);
    expect(expired()).toBe(1);
  });

  it('does not pass while it is moved, and passes at its last place', () => {
    const { deadline, expired } = start();
    for (let moved = 0; moved < 10; moved += 1) {
      deadline.set(100);
      vi.advanceTimersByTime(60);
    }
    expect(expired()).toBe(0);
    vi.advanceTimersByTime(40);
    expect(expired()).toBe(1);
  });

  it('can be moved nearer', () => {
    const { deadline, expired } = start();
    deadline.set(10_000);
    deadline.set(50);
    vi.advanceTimersByTime(51);
    expect(expired()).toBe(1);
  });

  it.each([
    ['cleared', (deadline: Deadline) => deadline.clear()],
    ['set to never', (deadline: Deadline) => deadline.set(0)],
    ['disposed of', (deadline: Deadline) => deadline.dispose()],
  ])('does not pass when it is %s', (_, act) => {
    const { deadline, expired } = start();
    deadline.set(100);
    act(deadline);
    vi.advanceTimersByTime(1000);
    expect(expired()).toBe(0);
  });

  it('winds its timer up once for a thousand moves', () => {
    const { deadline } = start();
    const set = vi.spyOn(globalThis, 'setTimeout');
    for (let moved = 0; moved < 1000; moved += 1) deadline.set(100);
    expect(set).toHaveBeenCalledTimes(1);
  });
});
