import { describe, expect, it } from 'vitest';
import { writeHead, type HeadParts } from './request-head.js';

const PARTS: HeadParts = { method: 'GET', path: '/a?b', headers: [], bodyBytes: null };
const write = (parts: Partial<HeadParts>): ReturnType<typeof writeHead> =>
  writeHead('gpu:8000', { ...PARTS, ...parts });

describe('the head of a request', () => {
  it('names host and connection, then the headers as they are given', () => {
    expect(write({ headers: ['X-A', '1', 'x-a', '\xe9'] }).text).toBe(
      'GET /a?b HTTP/1.1\r\nhost: gpu:8000\r\nconnection: keep-alive\r\nX-A: 1\r\nx-a: \xe9\r\n\r\n',
    );
  });

  it.each([
    ['none, where one is expected', { method: 'POST' }, 'content-length: 0'],
    ['in one piece', { method: 'PUT', bodyBytes: 7 }, 'content-length: 7'],
    ['in one piece, of a method that seldom has one', { bodyBytes: 7 }, 'content-length: 7'],
    ['a stream', { method: 'POST', bodyBytes: undefined }, 'transfer-encoding: chunked'],
    [
      'a stream of known length',
      { bodyBytes: undefined, headers: ['Content-Length', '9'] },
      'content-length: 9',
    ],
  ])('tells the length of a body: %s', (_, parts, framing) => {
    const { text } = write(parts);
    expect(text.match(/content-length|transfer-encoding/gi)).toHaveLength(1);
    expect(text).toContain(`\r\n${framing}\r\n\r\n`);
  });

  it('says nothing of a body where there is none and none is expected', () => {
    expect(write({}).text).not.toMatch(/content-length|transfer-encoding/i);
  });

  it.each<[string, Partial<HeadParts>]>([
    ['a line feed in a value', { headers: ['a', 'b\nc: d'] }],
    ['a carriage return in a value', { headers: ['a', 'b\r'] }],
    ['a character that would be cut to a line feed', { headers: ['a', 'b\u010a'] }],
    ['a colon in a name', { headers: ['a:b', 'c'] }],
    ['an empty name', { headers: ['', 'c'] }],
    ['a blank in the path', { path: '/a b' }],
    ['a line feed in the path', { path: '/a\nb' }],
    ['a blank in the method', { method: 'GET /' }],
    ['another host', { headers: ['HOST', 'other'] }],
    ['a coding', { headers: ['Transfer-Encoding', 'chunked'] }],
    ['an upgrade', { headers: ['Upgrade', 'x'] }],
    ['a connection', { headers: ['connection', 'close'] }],
    ['a length that is none', { bodyBytes: undefined, headers: ['content-length', '1e3'] }],
    ['two lengths', { bodyBytes: undefined, headers: ['content-length', '1', 'content-length', '1'] }],
    ['a wrong length', { bodyBytes: 7, headers: ['content-length', '8'] }],
  ])('is refused with %s', (_, parts) => {
    expect(() => write(parts)).toThrow(expect.objectContaining({ code: 'malformed_request', status: 400 }));
  });
});
