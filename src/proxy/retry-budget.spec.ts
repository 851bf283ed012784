import { describe, expect, it } from 'vitest';
import { ManualClock } from '../common/clock.js';
import { RetryBudget } from './retry-budget.js';

const take = (budget: RetryBudget, times: number): number =>
  Array.from({ length: times }, () => budget.takeRetry('p')).filter(Boolean).length;

describe('RetryBudget', () => {
  it('always allows three a second', () => {
    const clock = new ManualClock();
    const budget = new RetryBudget(clock);
    expect(take(budget, 10)).toBe(3);
    clock.advance(1000);
    expect(take(budget, 10)).toBe(3);
    clock.advance(333);
    expect(take(budget, 10)).toBe(0);
    clock.advance(1);
    expect(take(budget, 10)).toBe(1);
  });

  it('allows one more for five requests, up to a hundred saved', () => {
    const budget = new RetryBudget(new ManualClock());
    for (let count = 0; count < 50; count += 1) budget.countRequest('p');
    const saved = take(budget, 100) - 3;
    expect(saved).toBeGreaterThanOrEqual(9);
    expect(saved).toBeLessThanOrEqual(10);
    for (let count = 0; count < 100_000; count += 1) budget.countRequest('p');
    expect(take(budget, 1000)).toBeLessThanOrEqual(100);
  });

  it('keeps pools apart, and a clock that is set back takes nothing away', () => {
    const clock = new ManualClock();
    const budget = new RetryBudget(clock);
    expect(take(budget, 3)).toBe(3);
    expect(budget.takeRetry('other')).toBe(true);
    clock.advance(-60_000);
    expect(take(budget, 1)).toBe(0);
    clock.advance(1000);
    expect(take(budget, 5)).toBe(3);
  });
});
