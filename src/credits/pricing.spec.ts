import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { microFromDollars } from '../common/money.js';
import { billableSeconds, costOfRequest, costOfSeconds, priceMicroPerHour } from './pricing.js';

describe('priceMicroPerHour', () => {
  it.each([
    [0.3127, 0, 312_700],
    [0.3, 10, 330_000],
    [1.15, 0, 1_150_000],
    [0.1234567, 0, 123_457],
    [0.29, 12.5, 326_250],
    [0, 50, 0],
    [2.000000001, 0, 2_000_001],
  ])('makes %s $/h with %s %% markup %s micro-credits', (dollars, markup, micro) => {
    expect(priceMicroPerHour(dollars, markup)).toBe(micro);
  });

  it('agrees with the plain conversion when there is no markup', () => {
    const prices = fc.integer({ min: 0, max: 1_000_000_000 }).map((nano) => nano / 1e9);
    const agrees = fc.property(prices, (price) => {
      expect(priceMicroPerHour(price, 0)).toBe(microFromDollars(price));
    });
    fc.assert(agrees);
  });

  it.each([
    [-1, 0],
    [Number.NaN, 0],
    [1, -5],
    [1, Number.NaN],
  ])('refuses %s $/h with %s %% markup', (dollars, markup) => {
    expect(() => priceMicroPerHour(dollars, markup)).toThrow(RangeError);
  });
});

describe('costOfSeconds', () => {
  it.each([
    [3600, 312_700, 312_700],
    [1, 312_700, 87],
    [0, 312_700, 0],
    [1, 1, 1],
    [7200, 1, 2],
    [3600, 9_007_199_254_740_991, 9_007_199_254_740_991],
  ])('of %s s at %s an hour is %s', (seconds, price, micro) => {
    expect(costOfSeconds(seconds, price)).toBe(micro);
  });

  it('adds up to the same however the time is cut into steps', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 30 });
    fc.assert(
      fc.property(cuts, fc.integer({ min: 0, max: 100_000_000 }), (steps, price) => {
        let elapsed = 0;
        let charged = 0;
        for (const step of steps) {
          elapsed += step;
          charged += costOfSeconds(elapsed, price) - charged;
        }
        expect(charged).toBe(costOfSeconds(elapsed, price));
      }),
    );
  });
});

describe('costOfRequest', () => {
  const PRICE = { requestPriceMicro: 1000, tokenPriceNano: 300, secondPriceMicro: 50 };

  it.each([
    [0, 0, 1000],
    [1, 0, 1001],
    [10, 0, 1003],
    [0, 1000, 1050],
    [0, 1, 1001],
    // 3.3 and 0.6 micro-credits are rounded together, once.
    [11, 12, 1004],
    [1_000_000_000_000, 0, 300_000_001_000],
  ])('of %s tokens in %s ms is %s', (tokens, durationMs, micro) => {
    expect(costOfRequest(PRICE, tokens, durationMs)).toBe(micro);
  });

  it.each([
    [-1, 0],
    [0, -1],
    [Number.NaN, 0],
    [0, Number.POSITIVE_INFINITY],
  ])('refuses %s tokens in %s ms', (tokens, durationMs) => {
    expect(() => costOfRequest(PRICE, tokens, durationMs)).toThrow(RangeError);
  });
});

describe('billableSeconds', () => {
  it.each([
    [1000, 1000, 0],
    [1000, 1001, 1],
    [1000, 2000, 1],
    [1000, 2001, 2],
    [2000, 1000, 0],
  ])('from %s to %s ms is %s', (from, to, seconds) => {
    expect(billableSeconds(from, to)).toBe(seconds);
  });
});
