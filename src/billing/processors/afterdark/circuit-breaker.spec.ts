import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../common/clock.js';
import { CircuitBreaker } from './circuit-breaker.js';

describe('CircuitBreaker', () => {
  const fail = (breaker: CircuitBreaker, times: number): void => {
    for (let index = 0; index < times; index += 1) breaker.failed();
  };

  it('opens after five failures within thirty seconds, for thirty seconds', () => {
    const clock = new ManualClock();
    const breaker = new CircuitBreaker(clock);
    fail(breaker, 4);
    expect(breaker.waitSeconds).toBe(0);
    fail(breaker, 1);
    expect(breaker.waitSeconds).toBe(30);
    clock.advance(29_500);
    expect(breaker.waitSeconds).toBe(1);
    clock.advance(500);
    expect(breaker.waitSeconds).toBe(0);
  });

  it('forgets failures that are old, and all of them after a success', () => {
    const clock = new ManualClock();
    const breaker = new CircuitBreaker(clock);
    fail(breaker, 4);
    clock.advance(30_001);
    fail(breaker, 4);
    breaker.succeeded();
    fail(breaker, 4);
    expect(breaker.waitSeconds).toBe(0);
  });
});
