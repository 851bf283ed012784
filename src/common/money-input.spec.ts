import { describe, expect, it } from 'vitest';
import { MoneyInput } from './money-input.js';

const read = (rawBody: string): number | undefined => {
  const input = new MoneyInput(JSON.parse(rawBody) as object, rawBody);
  const micro = input.usd('amount');
  input.finish();
  return micro;
};

describe('MoneyInput', () => {
  it.each([
    ['19.99', 19_990_000],
    ['0.29', 290_000],
    ['1.15', 1_150_000],
    ['"50.00"', 50_000_000],
    ['50', 50_000_000],
    ['999999.99', 999_999_990_000],
  ])('reads %s as %s micro-credits', (text, micro) => {
    expect(read(`{"amount": ${text}}`)).toBe(micro);
  });

  it.each([
    '1.005',
    '-1',
    '1e3',
    '"NaN"',
    '"1e3"',
    '"0x10"',
    '1.000',
    '"1,5"',
    '1000000',
    'true',
    '{}',
    '[1]',
  ])('refuses %s', (text) => {
    const refusal = expect.objectContaining({ code: 'invalid_input', status: 422 });
    return expect(() => read(`{"amount": ${text}}`)).toThrow(refusal as Error);
  });

  it('does with the parsed value where the text was not kept', () => {
    const input = new MoneyInput({ amount: 1.005, limit: 2.5 }, undefined);
    expect([input.usd('amount'), input.usd('limit'), input.usd('other')]).toEqual([
      undefined,
      2_500_000,
      undefined,
    ]);
    expect(() => input.finish()).toThrow('amount');
  });
});
