import { describe, expect, it } from 'vitest';
import { asWritten, plantedCards, runsOf } from '../../../test/support/fake-stripe-cards.js';
import { holdsCardNumber, passesLuhn, withoutCardNumbers } from './card-number.js';

describe('card numbers in free text', () => {
  it('are found and taken out, however they are written', () => {
    plantedCards(200, 3).forEach((number, index) => {
      const text = `order (${asWritten(number, index)}), please`;
      expect(holdsCardNumber(text)).toBe(true);
      const left = withoutCardNumbers(text);
      expect(left).toBe('order (redacted), please');
      expect(runsOf(number).some((run) => left.includes(run))).toBe(false);
    });
  });

  it.each([
    ['epoch milliseconds', '1764000000000'],
    ['a uuid', '42424242-4242-4242-4242-424242424242'],
    ['a hash', 'a4242424242424242b'],
    ['a wrong check digit', '4242424242424241'],
    ['a trace', '00-42424242424242424242424242424242-4242424242424242-01'],
    ['a version', '4.2.4.2.4.2.4.2.4.2.4.2.4.2.4.2'],
  ])('are not seen in %s', (_, text) => {
    expect(holdsCardNumber(text)).toBe(false);
    expect(withoutCardNumbers(text)).toBe(text);
  });
});

describe('passesLuhn', () => {
  it.each(['4242424242424242', '378282246310005', '0'])('%s', (digits) => {
    expect(passesLuhn(digits)).toBe(true);
  });

  it('catches every single wrong digit', () => {
    const right = '4242424242424242';
    for (let index = 0; index < right.length; index += 1) {
      const wrong = (Number(right[index]) + 5) % 10;
      expect(passesLuhn(`${right.slice(0, index)}${wrong}${right.slice(index + 1)}`)).toBe(false);
    }
  });
});
