import { describe, expect, it } from 'vitest';
import { DomainError } from './domain-error.js';
import { toProblem } from './problem.js';
import { decodeCursor, encodeCursor, pageOf } from './cursor.js';

describe('toProblem', () => {
  it('says what a DomainError says', () => {
    const error = new DomainError('offer_gone', 410, 'It is gone.', {
      headers: { 'retry-after': '2' },
      data: { provider: 'vast.ai' },
    });
    expect(toProblem(error, 'r1')).toEqual({
      status: 410,
      headers: { 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': '2' },
      body: {
        type: 'urn:gpuproxy:problem:offer_gone',
        title: 'Offer gone',
        status: 410,
        code: 'offer_gone',
        detail: 'It is gone.',
        request_id: 'r1',
        provider: 'vast.ai',
      },
    });
  });

  it.each([new Error('SELECT secret FROM users'), 'text', null])(
    'says nothing of anything else: %s',
    (error) => {
      const { status, body } = toProblem(error, 'r1');
      expect(status).toBe(500);
      expect(JSON.stringify(body)).not.toMatch(/secret|text/);
    },
  );
});

describe('cursors', () => {
  it('come back as they went', () => {
    expect(decodeCursor(encodeCursor({ createdAt: 17, id: 'a-b' }))).toEqual({ createdAt: 17, id: 'a-b' });
    expect(decodeCursor(undefined)).toBeUndefined();
  });

  it.each(['', '!', Buffer.from('x.y').toString('base64url'), Buffer.from("1.'--").toString('base64url')])(
    'are refused when made up: %j',
    (text) => {
      expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ status: 422 }));
    },
  );

  it('lead to the next page only where there is one', () => {
    const rows = [3, 2, 1].map((createdAt) => ({ createdAt, id: String(createdAt) }));
    expect(pageOf(rows, 3)).toEqual({ rows, nextCursor: null });
    expect(pageOf(rows, 2)).toEqual({ rows: rows.slice(0, 2), nextCursor: encodeCursor(rows[1]) });
  });
});
