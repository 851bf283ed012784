import { describe, expect, it } from 'vitest';
import { FAILURE_COST_MS, ResponseTimes, SAMPLE_CAPACITY, SAMPLE_MAX_AGE_MS } from './response-times.js';

describe('ResponseTimes', () => {
  it('knows nothing before the first request', () => {
    const times = new ResponseTimes();
    expect(times.costMs(0)).toBeUndefined();
    expect(times.expiresAt).toBeUndefined();
    expect([times.averageMs, times.lastMs]).toEqual([0, 0]);
  });

  it('averages recent answers', () => {
    const times = new ResponseTimes();
    times.answered(100, 0);
    times.answered(300, 10);
    expect([times.averageMs, times.lastMs, times.costMs(10)]).toEqual([200, 300, 200]);
  });

  it('keeps the latest samples alone, however many come', () => {
    const times = new ResponseTimes();
    for (let sample = 0; sample < 3 * SAMPLE_CAPACITY; sample++) times.answered(9000, sample);
    for (let sample = 0; sample < SAMPLE_CAPACITY; sample++) times.answered(50, 1000 + sample);
    expect([times.averageMs, times.costMs(1100)]).toEqual([50, 50]);
  });

  it('lets samples age out one by one', () => {
    const times = new ResponseTimes();
    times.answered(900, 0);
    times.answered(100, 1000);
    expect(times.expiresAt).toBe(SAMPLE_MAX_AGE_MS);
    expect(times.costMs(SAMPLE_MAX_AGE_MS - 1)).toBe(500);
    expect(times.costMs(SAMPLE_MAX_AGE_MS)).toBe(100);
    expect(times.expiresAt).toBe(SAMPLE_MAX_AGE_MS + 1000);
    expect(times.costMs(SAMPLE_MAX_AGE_MS + 1000)).toBeUndefined();
  });

  it('goes on showing people the last average when all samples have aged out', () => {
    const times = new ResponseTimes();
    times.answered(250, 0);
    times.costMs(10 * SAMPLE_MAX_AGE_MS);
    expect([times.averageMs, times.lastMs]).toEqual([250, 250]);
    times.answered(50, 10 * SAMPLE_MAX_AGE_MS);
    expect(times.averageMs).toBe(50);
  });

  it('counts a failure as a slow answer for choosing, and not at all in what people see', () => {
    const times = new ResponseTimes();
    times.answered(100, 0);
    times.failed(1, 1);
    expect(times.costMs(1)).toBe((100 + FAILURE_COST_MS) / 2);
    expect([times.averageMs, times.lastMs]).toEqual([100, 100]);
    times.failed(30_000, 2);
    expect(times.costMs(2)).toBe((100 + FAILURE_COST_MS + 30_000) / 3);
    times.answered(300, 3);
    expect(times.averageMs).toBe(200);
  });
});
