import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creditsFromMicro, formatCredits, microFromCredits, microFromDollars } from './money.js';

describe('microFromCredits', () => {
  it.each([
    ['19.99', 19_990_000],
    ['0.29', 290_000],
    ['1.15', 1_150_000],
    ['-2.5', -2_500_000],
    ['0.000001', 1],
    ['-0', 0],
    [50, 50_000_000],
  ])('reads %s without a float', (text, micro) => {
    expect(microFromCredits(text)).toBe(micro);
  });

  it.each(['', 'x', '1e3', 'NaN', 'Infinity', '1.0000001', '.5', '5.', '1 000', '0x10', '99999999999'])(
    'refuses %j',
    (text) => {
      expect(() => microFromCredits(text)).toThrow(RangeError);
    },
  );

  it('is the inverse of formatCredits over the whole range', () => {
    const amounts = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });
    fc.assert(
      fc.property(amounts, (micro) => {
        expect(microFromCredits(formatCredits(micro))).toBe(micro);
      }),
    );
  });
});

describe('creditsFromMicro', () => {
  it('gives numbers with at most 6 decimals', () => {
    expect(creditsFromMicro(1)).toBe(0.000001);
    expect(creditsFromMicro(-1_500_000)).toBe(-1.5);
  });
});

describe('microFromDollars', () => {
  it('rounds up to a micro-credit, and not because of a float', () => {
    expect(microFromDollars(0.1 + 0.2)).toBe(300_000);
    expect(microFromDollars(0.1116667)).toBe(111_667);
    expect(microFromDollars(0)).toBe(0);
  });

  it.each([-1, Number.NaN, Infinity])('refuses %s', (price) => {
    expect(() => microFromDollars(price)).toThrow(RangeError);
  });
});
