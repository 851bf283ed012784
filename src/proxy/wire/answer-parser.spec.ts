import { describe, expect, it } from 'vitest';
import type { WireHead } from './answer-head.js';
import { AnswerParser } from './answer-parser.js';

interface Read {
  head: WireHead | undefined;
  body: string;
  trailers: readonly string[] | undefined;
  isClean: boolean;
}

/** Reads an answer that arrives in these parts. */
function read(parts: readonly string[], { method = 'GET', ends = false } = {}): Read {
  const result: Read = { head: undefined, body: '', trailers: undefined, isClean: true };
  const parser = new AnswerParser({
    onHead: (head) => (result.head = head),
    onBody: (chunk) => (result.body += chunk.toString('latin1')),
    onComplete: (trailers) => (result.trailers = trailers),
  });
  parser.expect(method);
  for (const part of parts) result.isClean &&= parser.push(Buffer.from(part, 'latin1'));
  if (ends) parser.finish();
  return result;
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n`;

const WHOLE: readonly [name: string, text: string, body: string][] = [
  ['with a length', `${HEAD}Content-Length: 5\r\nX-Odd: \xe9 \t \r\n\r\nhello`, 'hello'],
  ['in chunks', `${CHUNKED}5\r\nhello\r\n1;name="a b"\r\n \r\n6\r\nworld!\r\n0\r\n\r\n`, 'hello world!'],
  ['with trailers', `${CHUNKED}5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Other:2\r\n\r\n`, 'hello'],
  ['after informational heads', `HTTP/1.1 103 Early\r\nLink: a\r\n\r\n${HEAD}content-length:1\r\n\r\nx`, 'x'],
  ['without a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', ''],
  ['without a reason', 'HTTP/1.1 304\r\n\r\n', ''],
];

describe('an answer', () => {
  it.each(WHOLE)('%s is the same however its bytes arrive', (_, text, body) => {
    const whole = read([text]);
    expect(whole).toMatchObject({ body, isClean: true });
    expect(whole.trailers).toBeDefined();
    expect(read([...text])).toEqual(whole);
    for (let at = 1; at < text.length; at += 1)
      expect(read([text.slice(0, at), text.slice(at)])).toEqual(whole);
  });

  it('keeps names, values and their order, without the blanks around them', () => {
    const { head } = read([`${HEAD}X-A:  1\t\r\nx-a: \r\nSet-Cookie: a=b; c\r\ncontent-length: 0\r\n\r\n`]);
    expect(head?.headers).toEqual(['X-A', '1', 'x-a', '', 'Set-Cookie', 'a=b; c', 'content-length', '0']);
  });

  it('to HEAD ends with its head', () => {
    expect(read([`${HEAD}Content-Length: 5\r\n\r\n`], { method: 'HEAD' })).toMatchObject({
      trailers: [],
      body: '',
    });
  });

  it('without length or chunks ends with its connection', () => {
    expect(read([`${HEAD}\r\n`, 'he', 'llo'])).toMatchObject({ trailers: undefined });
    const { head, body, trailers } = read([`${HEAD}\r\n`, 'he', 'llo'], { ends: true });
    expect({ isReusable: head?.isReusable, body, trailers }).toEqual({
      isReusable: false,
      body: 'hello',
      trailers: [],
    });
  });

  it.each([
    ['a length', [`${HEAD}Content-Length: 5\r\n\r\nhell`]],
    ['chunks', [`${CHUNKED}5\r\nhello\r\n`]],
    ['a head', [HEAD]],
  ])('with %s is not complete when its connection ends', (_, parts) => {
    expect(read(parts, { ends: true }).trailers).toBeUndefined();
  });

  it('leaves bytes behind it unread and says so', () => {
    expect(read([`${HEAD}Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n`])).toMatchObject({
      body: 'ok',
      isClean: false,
    });
  });
});

describe('a connection', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: keep-alive, Close\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', false],
  ])('after %j may be used again: %s', (text, isReusable) => {
    expect(read([text]).head?.isReusable).toBe(isReusable);
  });

  it('tells how long it stays open', () => {
    const text = `${HEAD}Keep-Alive: max=3, timeout=2\r\ncontent-length: 0\r\n\r\n`;
    expect(read([text]).head?.keepAliveMs).toBe(2000);
  });
});

const REFUSED: readonly [name: string, text: string][] = [
  ['another protocol', 'SSH-2.0-x'],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a switch that nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
  ['two lengths', `${HEAD}Content-Length: 1\r\ncontent-length: 1\r\n\r\n`],
  ['a list of lengths', `${HEAD}Content-Length: 1, 1\r\n\r\n`],
  ['a signed length', `${HEAD}Content-Length: +1\r\n\r\n`],
  ['length and chunks', `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['a coding below the chunks', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n`],
  ['two codings', `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['bare line feeds', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['one bare line feed', `${HEAD}a: b\nc: d\r\n\r\n`],
  ['a bare carriage return', `${HEAD}a: b\rc: d\r\n\r\n`],
  ['a folded field', `${HEAD}a: b\r\n c\r\n\r\n`],
  ['a blank before the colon', `${HEAD}a : b\r\n\r\n`],
  ['a field without a name', `${HEAD}: b\r\n\r\n`],
  ['a field without a colon', `${HEAD}ab\r\n\r\n`],
  ['a zero byte', `${HEAD}a: \0\r\n\r\n`],
  ['a chunk size that is none', `${CHUNKED}x\r\n`],
  ['a signed chunk size', `${CHUNKED}-1\r\n`],
  ['an empty chunk size', `${CHUNKED}\r\n`],
  ['a chunk size beyond counting', `${CHUNKED}fffffffffffffff\r\n`],
  ['a chunk size ended by a bare line feed', `${CHUNKED}5\nhello\r\n`],
  ['a chunk longer than its size', `${CHUNKED}4\r\nhello\r\n`],
  ['a bad trailer', `${CHUNKED}0\r\nx y: 1\r\n\r\n`],
  ['a head without end', `${HEAD}a: ${'b'.repeat(40_000)}`],
  ['a chunk extension without end', `${CHUNKED}1;${'b'.repeat(5000)}`],
  ['trailers without end', `${CHUNKED}0\r\na: ${'b'.repeat(40_000)}`],
  ['informational heads without end', 'HTTP/1.1 102 Wait\r\n\r\n'.repeat(33)],
];

describe('what is refused', () => {
  it.each(REFUSED)('%s', (_, text) => {
    expect(() => read([text])).toThrow(expect.objectContaining({ name: 'MalformedAnswer' }));
    expect(() => read([...text])).toThrow(expect.objectContaining({ name: 'MalformedAnswer' }));
  });
});

describe('a reader that has had enough', () => {
  it('hears nothing more', () => {
    let chunks = 0;
    const parser = new AnswerParser({
      onHead: () => undefined,
      onBody: () => {
        chunks += 1;
        parser.stop();
      },
      onComplete: () => expect.unreachable(),
    });
    parser.expect('GET');
    expect(parser.push(Buffer.from(`${CHUNKED}1\r\na\r\n1\r\nb\r\n0\r\n\r\n`))).toBe(false);
    expect(chunks).toBe(1);
  });
});
