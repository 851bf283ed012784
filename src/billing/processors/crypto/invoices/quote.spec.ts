import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatUnits, microForUnits, unitsForMicro } from './quote.js';

const USDC = { priceMicro: 1_000_000, decimals: 6 };
const ETH = { priceMicro: 2_500_000_000, decimals: 18 };

describe('quotes', () => {
  it('ask one for one in stablecoins', () => {
    expect(unitsForMicro(50_000_000, USDC)).toBe(50_000_000n);
    expect(microForUnits(50_000_000n, USDC)).toBe(50_000_000);
  });

  it('ask by the price in coins', () => {
    expect(unitsForMicro(50_000_000, ETH)).toBe(20_000_000_000_000_000n);
    expect(microForUnits(20_000_000_000_000_000n, ETH)).toBe(50_000_000);
  });

  it('always cover the credits, by less than one micro-credit or one unit more', () => {
    const price = fc.record({
      priceMicro: fc.integer({ min: 1, max: 1e12 }),
      decimals: fc.integer({ min: 0, max: 24 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), price, (amountMicro, asset) => {
        const units = unitsForMicro(amountMicro, asset);
        expect(microForUnits(units, asset)).toBeGreaterThanOrEqual(amountMicro);
        expect(microForUnits(units - 1n, asset)).toBeLessThan(amountMicro);
      }),
    );
  });

  it('never credit more in parts than at once', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 24n), fc.bigInt(0n, 10n ** 24n), (one, other) => {
        const parts = microForUnits(one, ETH) + microForUnits(other, ETH);
        expect(parts).toBeLessThanOrEqual(microForUnits(one + other, ETH));
      }),
    );
  });

  it('refuse what no account can hold', () => {
    expect(() => microForUnits(10n ** 40n, ETH)).toThrow(RangeError);
  });
});

describe('formatUnits', () => {
  it.each([
    [50_000_000n, 6, '50'],
    [50_100_000n, 6, '50.1'],
    [1n, 18, '0.000000000000000001'],
    [0n, 6, '0'],
    [7n, 0, '7'],
  ])('writes %s with %s decimals as %s', (units, decimals, text) => {
    expect(formatUnits(units, decimals)).toBe(text);
  });
});
