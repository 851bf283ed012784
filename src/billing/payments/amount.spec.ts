import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { centsFromMicro, microFromCents, readAmount, readOptionalAmount, usdText } from './amount.js';

const read = (json: string): number => readAmount(JSON.parse(json) as object, json);

describe('readAmount', () => {
  it.each([
    ['{"amount": 19.99}', 1999],
    ['{"amount": 0.29}', 29],
    ['{"amount": "1.15"}', 115],
    ['{"amount": 50.00}', 5000],
    ['{"amount": 0.5}', 50],
    ['{"other": {"amount": 7}, "amount": 8}', 800],
  ])('%s is %d cents', (json, cents) => {
    expect(centsFromMicro(read(json))).toBe(cents);
  });

  it.each([
    '1.005',
    '1e3',
    '-5',
    '0',
    '0.00',
    '1000000',
    '"a"',
    'null',
    'true',
    '"1,5"',
    '"+5"',
    '"05"',
    '""',
    '[5]',
  ])('refuses %s', (amount) => {
    expect(() => read(`{"amount": ${amount}}`)).toThrow(
      expect.objectContaining({ status: 422, code: 'invalid_input' }),
    );
  });

  it('refuses a body with two amounts, and one without', () => {
    expect(() => read('{"amount": 1, "amount": 2}')).toThrow(expect.objectContaining({ status: 400 }));
    expect(() => read('{}')).toThrow(expect.objectContaining({ status: 422 }));
    expect(readOptionalAmount({}, '{}')).toBeUndefined();
  });

  it('reads what is written, for every amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999_999 }), (cents) => {
        const micro = microFromCents(cents);
        expect(centsFromMicro(read(`{"amount": ${usdText(micro)}}`))).toBe(cents);
        expect(centsFromMicro(read(`{"amount": "${usdText(micro)}"}`))).toBe(cents);
      }),
    );
  });
});

describe('centsFromMicro', () => {
  it('refuses parts of a cent', () => {
    expect(() => centsFromMicro(10_001)).toThrow(RangeError);
  });
});
