import { describe, expect, it } from 'vitest';
import { newId } from '../common/id.js';
import type { AppConfig } from '../config/config.js';
import { hashRefreshToken, RefreshTokens } from './refresh-tokens.js';

const tokensWith = (jwtSecret: string, ...jwtSecretsPrevious: string[]): RefreshTokens =>
  new RefreshTokens({
    auth: { jwtSecret, jwtSecretsPrevious: jwtSecretsPrevious as readonly string[] },
  } as AppConfig);

describe('RefreshTokens', () => {
  const tokens = tokensWith('first secret');

  it('carry their session, and nothing that is the same twice', () => {
    const sessionId = newId();
    const [one, two] = [tokens.issue(sessionId), tokens.issue(sessionId)];
    expect(tokens.parse(one.text)).toEqual(one);
    expect(one.text.slice(22)).not.toBe(two.text.slice(22));
    expect(hashRefreshToken(one)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('have exactly one successor, which is one of ours', () => {
    const first = tokens.issue(newId());
    const second = tokens.successorOf(first);
    expect(tokens.successorOf(first)).toEqual(second);
    expect(tokens.parse(second.text)).toEqual(second);
    expect(tokens.successorOf(second).text).not.toBe(second.text);
  });

  it('are refused when a single bit differs', () => {
    const bytes = Buffer.from(tokens.issue(newId()).text, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const forged = Buffer.from(bytes);
      forged[bit >> 3] ^= 1 << (bit & 7);
      expect(tokens.parse(forged.toString('base64url'))).toBeUndefined();
    }
  });

  it.each(['', 'x', 'A'.repeat(86), 'é'.repeat(86), `${tokens.issue(newId()).text}=`])(
    'are not %j',
    (text) => {
      expect(tokens.parse(text)).toBeUndefined();
    },
  );

  it('have one spelling only', () => {
    const { text } = tokens.issue(newId());
    const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
      .map((last) => text.slice(0, -1) + last)
      .filter((spelling) => tokens.parse(spelling));
    expect(spellings).toEqual([text]);
  });

  it('of an older secret are accepted while it is named', () => {
    const old = tokens.issue(newId());
    expect(tokensWith('second secret', 'first secret').parse(old.text)).toEqual(old);
    expect(tokensWith('second secret').parse(old.text)).toBeUndefined();
  });
});
