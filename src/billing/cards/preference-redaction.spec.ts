import { describe, expect, it } from 'vitest';
import { asWritten, plantedCards, runsOf } from '../../../test/support/fake-stripe-cards.js';
import { parsePaymentPreference } from './payment-preference.js';
import { redactPreference } from './preference-redaction.js';
import { TEST_CARDS } from './test-cards.js';

/** What a request gets with this header: the code of the refusal, or what was understood. */
function understood(header: string, acceptsTestCards: boolean): unknown {
  try {
    return parsePaymentPreference(redactPreference(header, acceptsTestCards));
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('X-Preferred-Payment', () => {
  it.each([
    ['card:pm_card_visa', { kind: 'card', source: 'token', token: 'pm_card_visa' }],
    ['card:tok_1Abc', { kind: 'card', source: 'token', token: 'tok_1Abc' }],
    ['card:saved', { kind: 'card', source: 'saved' }],
    ['card:checkout', { kind: 'card', source: 'checkout' }],
    ['crypto:ethereum', { kind: 'crypto', network: 'ethereum', wallet: undefined }],
    ['crypto:Ethereum:0x123...', { kind: 'crypto', network: 'ethereum', wallet: '0x123...' }],
    [
      'crypto:base:0x4242424242424242424242424242424242424242',
      { kind: 'crypto', network: 'base', wallet: '0x4242424242424242424242424242424242424242' },
    ],
  ])('is understood: %s', (header, preference) => {
    expect(understood(header, true)).toEqual(preference);
    expect(understood(header, false)).toEqual(preference);
  });

  it.each([
    '',
    'card',
    'card:',
    'card:hello',
    'cash',
    'card:pm_',
    'crypto:',
    'card:pm_a b',
    'card:unreadable',
  ])('is malformed: %j', (header) => {
    expect(understood(header, true)).toBe('invalid_payment_preference');
  });

  it.each([...TEST_CARDS])(
    'with the test number %s is %s with a test key, refused otherwise',
    (number, token) => {
      for (const text of [
        number,
        number.replace(/(.{4})/g, '$1 ').trim(),
        number.replace(/(.{4})/g, '$1-'),
      ]) {
        const header = `card:${text.replace(/-$/, '')}:12/25:123`;
        expect(understood(header, true)).toEqual({ kind: 'card', source: 'token', token });
        expect(understood(header, false)).toBe('raw_card_not_accepted');
        expect(redactPreference(header, false)).toBe('card:redacted');
      }
    },
  );

  it('with one of 200 planted numbers is refused and leaves no six digits of it', () => {
    const shapes = [
      (text: string): string => `card:${text}:12/30:123`,
      (text: string): string => `card:${text}`,
      (text: string): string => text,
      (text: string): string => `Card: ${text} 12/30 123`,
      (text: string): string => `card:pm_${text.replaceAll(/[ -]/g, '')}`,
      (text: string): string => `crypto:ethereum:${text}`,
      (text: string): string => `card:pm_card_visa, card:${text}:12/30:123`,
    ];
    plantedCards(200).forEach((number, index) => {
      for (const shape of shapes) {
        const header = shape(asWritten(number, index));
        for (const acceptsTestCards of [true, false]) {
          const left = redactPreference(header, acceptsTestCards);
          expect(runsOf(number).filter((run) => left.includes(run))).toEqual([]);
          expect(understood(header, acceptsTestCards)).toBe('raw_card_not_accepted');
        }
      }
    });
  });

  it('with a mistyped number leaves nothing of it either', () => {
    plantedCards(200, 7).forEach((number) => {
      const last = (Number(number.at(-1)) + 1) % 10;
      const mistyped = `${number.slice(0, -1)}${last}`;
      const left = redactPreference(`card:${mistyped}:12/30:123`, true);
      expect(runsOf(mistyped).filter((run) => left.includes(run))).toEqual([]);
    });
  });
});
