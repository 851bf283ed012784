import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSignedText } from './signed-text.js';

const NOW_MS = 1_791_504_000_000;
const SECONDS = NOW_MS / 1000;
const TEXT = '{"a":1}';

function header(at: number, secret = 'one', text = TEXT): string {
  return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${text}`).digest('hex')}`;
}

describe('isSignedText', () => {
  it.each([0, 300, -300])('accepts a signature %d s away', (skew) => {
    expect(isSignedText(TEXT, header(SECONDS + skew), ['one'], NOW_MS)).toBe(true);
  });

  it('accepts any secret, and several signatures', () => {
    expect(isSignedText(TEXT, header(SECONDS, 'two'), ['one', 'two'], NOW_MS)).toBe(true);
    expect(isSignedText(TEXT, `${header(SECONDS, 'two')},v1=00`, ['two'], NOW_MS)).toBe(true);
    expect(isSignedText(TEXT, header(SECONDS).replace(',', ', '), ['one'], NOW_MS)).toBe(true);
  });

  it.each([
    ['301 s old', header(SECONDS - 301)],
    ['301 s ahead', header(SECONDS + 301)],
    ['another secret', header(SECONDS, 'three')],
    ['another text', header(SECONDS, 'one', `${TEXT} `)],
    ['another time in front', header(SECONDS).replace(String(SECONDS), String(SECONDS - 1))],
    ['two times', `t=${SECONDS - 1},${header(SECONDS)}`],
    ['no time', header(SECONDS).split(',')[1]],
    ['no signature', `t=${SECONDS}`],
    ['a time that is none', header(SECONDS).replace(/t=\d+/, 't=now')],
    ['nothing', ''],
    ['another scheme', header(SECONDS).replace('v1', 'v0')],
  ])('refuses %s', (_, text) => {
    expect(isSignedText(TEXT, text, ['one', 'two'], NOW_MS)).toBe(false);
  });

  it('refuses everything without a secret', () => {
    expect(isSignedText(TEXT, header(SECONDS, ''), [], NOW_MS)).toBe(false);
  });
});
