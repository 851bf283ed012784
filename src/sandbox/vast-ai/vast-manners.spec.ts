import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFixture, rentVast, vastCaller, type FarmReply } from '../../../test/support/sandbox-client.js';
import { FarmRefusal } from '../farm-call.js';
import { startSandbox, type Sandbox } from '../sandbox.js';
import { VastPacing } from './vast-pacing.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 60, machines: 'none', rateScale: 0 });
});
afterAll(() => sandbox.close());

const errors = readFixture('vast/errors.json') as {
  http_status: number;
  content_type: string;
  body: unknown;
}[];
const isKnown = ({ status, body }: { status: number; body: unknown }): boolean =>
  errors.some((error) => error.http_status === status && JSON.stringify(error.body) === JSON.stringify(body));
const list = (options: { key?: string | null } = {}): Promise<FarmReply> =>
  vastCaller(sandbox)('GET', '/api/v1/instances/', options);

describe('keys', () => {
  test('none is a 403, a wrong one a 404, on the route of one instance a 401', async () => {
    const show = await vastCaller(sandbox)('GET', '/api/v0/instances/1/', { key: 'wrong' });
    const replies = [await list({ key: null }), await list({ key: 'wrong' }), show];
    expect(replies.map(({ status }) => status)).toEqual([403, 404, 401]);
    expect(replies.every(isKnown)).toBe(true);
  });

  test('a key in the query counts as well', async () => {
    const path = `/api/v0/users/current/?api_key=${sandbox.vastAi.apiKey}`;
    expect((await vastCaller(sandbox)('GET', path, { key: null })).status).toBe(200);
  });
});

describe('transport faults', () => {
  test.each([
    ['html_502', 502],
    ['html_504', 504],
    ['server_error', 500],
    ['rate_limited', 429],
    ['gone_410', 410],
  ] as const)('a list that answers %s', async (effect, status) => {
    sandbox.vastAi.control.inject('list', effect);
    expect((await list()).status).toBe(status);
    expect((await list()).status).toBe(200);
  });

  test('destroy refused with 429 n times, then carried out', async () => {
    const id = await rentVast(sandbox, 27091933);
    sandbox.vastAi.control.inject('destroy', 'rate_limited', { times: 2, id });
    const destroy = (): Promise<FarmReply> =>
      vastCaller(sandbox)('DELETE', `/api/v0/instances/${id}/`, { body: {} });
    const replies = [await destroy(), await destroy(), await destroy()];
    expect(replies.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(isKnown(replies[0])).toBe(true);
    expect(sandbox.vastAi.control.books().active).toEqual([]);
  });

  test('slow answers and silence', async () => {
    sandbox.vastAi.control.inject('list', 'slow', { delayMs: 60 });
    const before = performance.now();
    expect((await list()).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(50);
    sandbox.vastAi.control.inject('any', 'never_answers');
    const { url, apiKey } = sandbox.vastAi;
    const silent = fetch(`${url}/api/v1/instances/`, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(80),
    });
    await expect(silent).rejects.toThrow(/timeout/i);
  });

  test('every call is recorded with its status', async () => {
    const known = sandbox.vastAi.control.calls().length;
    await list();
    sandbox.vastAi.control.inject('list', 'cut_before');
    await expect(list()).rejects.toThrow();
    const calls = sandbox.vastAi.control.calls().slice(known);
    expect(calls.map(({ call, status }) => [call, status])).toEqual([
      ['list', 200],
      ['list', 0],
    ]);
  });
});

describe('minimum intervals', () => {
  const statusOf = (take: () => void): number => {
    try {
      take();
      return 200;
    } catch (error) {
      return error instanceof FarmRefusal ? error.answer.status : 0;
    }
  };

  test('rents 4.5 s apart; a call too early costs 12 s', () => {
    let now = 0;
    const pacing = new VastPacing(1, () => now);
    const at = (ms: number): number => {
      now = ms;
      return statusOf(() => pacing.take('rent'));
    };
    expect([at(0), at(4500), at(8000), at(19_000), at(40_000)]).toEqual([200, 200, 429, 429, 200]);
  });

  test('each endpoint has its own interval', () => {
    const pacing = new VastPacing(1, () => 0);
    const calls = ['rent', 'show', 'list', 'state', 'destroy', 'account', 'account', 'show'];
    expect(calls.map((call) => statusOf(() => pacing.take(call)))).toEqual([
      200, 200, 200, 200, 200, 200, 200, 429,
    ]);
  });

  test('ten searches a minute', () => {
    let now = 0;
    const pacing = new VastPacing(1, () => now);
    const search = (): number => statusOf(() => pacing.take('search'));
    expect(Array.from({ length: 11 }, search)).toEqual([...Array(10).fill(200), 429]);
    now = 60_001;
    expect(search()).toBe(200);
  });

  test('the scale multiplies them; 0 switches them off', () => {
    let now = 0;
    const tenth = new VastPacing(0.1, () => now);
    tenth.take('rent');
    now = 450;
    expect(statusOf(() => tenth.take('rent'))).toBe(200);
    const none = new VastPacing(0);
    expect([1, 2, 3].map(() => statusOf(() => none.take('rent')))).toEqual([200, 200, 200]);
  });

  test('over the wire they are plain text, or JSON where the endpoint says so', async () => {
    const paced = await startSandbox({ timeScale: 60, machines: 'none' });
    const call = vastCaller(paced);
    const twice = async (method: string, path: string): Promise<FarmReply> => {
      await call(method, path, { body: method === 'GET' ? undefined : {} });
      return call(method, path, { body: method === 'GET' ? undefined : {} });
    };
    const [shown, rented, destroyed] = [
      await twice('GET', '/api/v0/instances/1/'),
      await twice('PUT', '/api/v0/asks/1/'),
      await twice('DELETE', '/api/v0/instances/1/'),
    ];
    expect([shown, rented, destroyed].every(isKnown)).toBe(true);
    expect(shown.contentType).toBe('text/plain');
    expect(rented.contentType).toContain('application/json');
    await paced.close();
  });
});
