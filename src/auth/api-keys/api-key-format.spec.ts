import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { newApiKey, parseApiKey } from './api-key-format.js';

describe('API keys', () => {
  it('have the published shape', () => {
    for (let round = 0; round < 200; round++) {
      const key = newApiKey('live');
      expect(key.text).toMatch(/^gpx_live_[0-9A-Za-z]{61}$/);
      expect(key).toEqual({ text: key.text, keyId: key.text.slice(9, 21), prefix: key.text.slice(0, 13) });
      expect(parseApiKey(key.text)).toEqual(key);
    }
    expect(newApiKey('test').text).toMatch(/^gpx_test_/);
  });

  it('end in the CRC-32 of the rest, in base62', () => {
    const { text } = newApiKey('live');
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = Array.from(text.slice(-6)).reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0);
    expect(value).toBe(crc32(text.slice(0, -6)));
  });

  it('are recognised as mistyped when one character differs', () => {
    const { text } = newApiKey('live');
    for (let index = 9; index < text.length; index++) {
      const typo = text.slice(0, index) + (text[index] === 'x' ? 'y' : 'x') + text.slice(index + 1);
      expect(parseApiKey(typo)).toBeUndefined();
    }
  });

  it.each([
    '',
    'gpx_',
    'gpx_live_',
    `gpx_prod_${'a'.repeat(61)}`,
    `gpx_live_${'a'.repeat(61)}`,
    `\n${newApiKey('live').text}`,
  ])('are not %j', (text) => expect(parseApiKey(text)).toBeUndefined());
});
