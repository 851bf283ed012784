import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDaemon, type RunningDaemon } from '../support/running-daemon.js';
import { fillPath, type Operation } from '../support/openapi.js';
import {
  asLogin,
  bodyOf,
  codeOf,
  openSecurityLab,
  type SecurityLab,
  type Told,
} from '../support/security-lab.js';

/** Strings that mean something to a database that reads them as part of a statement. */
const INJECTIONS = [
  "' OR '1'='1",
  "'; DROP TABLE users;--",
  "1' AND SLEEP(5)--",
  '1) UNION SELECT password_hash FROM users--',
  '1; SELECT pg_sleep(5)',
  "' || (SELECT sql FROM sqlite_master) || '",
  '%27%20OR%201=1',
  '\\x27 OR 1=1',
  '" OR ""="',
  "admin'/*",
  '$$; SELECT 1; $$',
  '{"$gt": ""}',
  '%00',
  'NULL',
  '-1 OR 1=1',
  `1${'0'.repeat(400)}`,
];

/** Signed by their sender, and read as raw bytes. */
const RAW = /billing\/webhooks/;
/** Their bodies are the upstream's business, byte for byte. */
const PASSED_ON = /^\/v1\/|^\/v2|^\/mcp|\/proxy\/\{path\}/;

const nameOf = ({ method, path }: Operation): string => `${method} ${path}`;

describe('what a route is given', () => {
  let lab: SecurityLab;
  let withBody: Operation[];
  let withQuery: Operation[];
  beforeAll(async () => {
    lab = await openSecurityLab();
    const ours = lab.operations.filter(({ path }) => !PASSED_ON.test(path) && !RAW.test(path));
    withBody = ours.filter(({ body }) => body !== undefined);
    withQuery = ours.filter(({ queryParameters }) => queryParameters.length > 0);
  });
  afterAll(() => lab.running.stop());

  const ask = (operation: Operation, query = '', body?: string | object): Promise<Told> => {
    const who = operation.path.includes('/admin/') ? lab.admin : lab.owner;
    const path = fillPath(operation.path, { provider: 'vast.ai', month: '2026-01', name: 'theirs' });
    return lab.ask(`${path}${query}`, { method: operation.method, headers: asLogin(who), body });
  };
  const lines = async (
    operations: readonly Operation[],
    work: (operation: Operation) => Promise<Told>,
  ): Promise<string[]> => {
    const told = [];
    for (const operation of operations) {
      const answer = await work(operation);
      told.push(`${answer.status} ${codeOf(answer) ?? ''} ${nameOf(operation)}`);
    }
    return told;
  };
  const but = (told: readonly string[], expected: RegExp): string[] =>
    told.filter((line) => !expected.test(line));

  it('is refused when it has a field that nobody knows, and names it (L04)', async () => {
    expect(withBody.length).toBeGreaterThan(15);
    for (const operation of withBody) {
      const answer = await ask(operation, '', { surprise: 1, is_admin: true, user_id: 'x' });
      expect([nameOf(operation), answer.status]).toEqual([nameOf(operation), 422]);
      const named = bodyOf<{ errors: { field: string }[] }>(answer).errors.map(({ field }) => field);
      expect(named).toEqual(expect.arrayContaining(['surprise']));
    }
  });

  it.each([
    '{"__proto__":{"isAdmin":true}}',
    '{"a":{"__proto__":{"isAdmin":true}}}',
    '{"constructor":{"prototype":{"isAdmin":true}}}',
  ])('changes no prototype: %s (L32)', async (body) => {
    expect(but(await lines(withBody, (operation) => ask(operation, '', body)), /^(?:400|422) /)).toEqual([]);
    const query = '?__proto__[isAdmin]=true&constructor[prototype][isAdmin]=true&__proto__=1';
    expect(but(await lines(withQuery, (operation) => ask(operation, query)), /^[24]\d\d /)).toEqual([]);
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
    const forwarded = await lab.ask('/v1/chat/completions', {
      method: 'POST',
      headers: asLogin(lab.owner),
      body: body.replace('{', `{"model":${JSON.stringify(lab.things.model)},"messages":[],`),
    });
    expect(forwarded.status).toBeLessThan(500);
  });

  it('is refused when a query parameter stands twice (L33)', async () => {
    expect(withQuery.length).toBeGreaterThan(8);
    const told = await lines(withQuery, (operation) => {
      const { name } = operation.queryParameters[0];
      return ask(operation, `?${name}=1&${name}=2`);
    });
    expect(but(told, /^400 duplicate_parameter /)).toEqual([]);
  });

  it('is never read as SQL: in queries, paths and bodies (L28)', async () => {
    for (const injection of INJECTIONS) {
      const value = encodeURIComponent(injection);
      const queries = await lines(withQuery, (operation) =>
        ask(operation, `?${operation.queryParameters.map(({ name }) => `${name}=${value}`).join('&')}`),
      );
      expect(but(queries, /^(?:200|4\d\d) /)).toEqual([]);
      const withPath = lab.operations.filter(
        ({ pathParameters, method }) => pathParameters.length > 0 && method !== 'HEAD',
      );
      for (const { method, path } of withPath) {
        const headers = asLogin(path.includes('/admin/') ? lab.admin : lab.owner);
        const answer = await lab.ask(fillPath(path, {}, injection), {
          method,
          headers,
          body: method === 'GET' ? undefined : {},
        });
        expect([path, injection, answer.status < 500 || answer.status === 503]).toEqual([
          path,
          injection,
          true,
        ]);
      }
    }
    for (const injection of INJECTIONS.slice(0, 4)) {
      for (const field of ['email', 'password', 'name']) {
        const account = {
          email: 'sql@example.com',
          password: 'secure-password',
          name: 'S',
          [field]: injection,
        };
        const answer = await lab.ask('/api/v1/auth/register', { method: 'POST', body: account });
        expect(answer.status).toBeLessThan(500);
      }
    }
    const users = await lab.ask('/api/v1/admin/users', { headers: asLogin(lab.admin) });
    expect(users.text).toContain('owner@example.com');
  });

  it('is answered in a type with a character set, and JSON only is read (L34)', async () => {
    const told = [
      await lab.ask('/api/v1/credits', { headers: asLogin(lab.owner) }),
      await lab.ask('/health'),
      await lab.ask('/docs-json'),
      await lab.ask('/api/v1/credits'),
      await lab.ask('/api/v1/nothing'),
      await lab.ask('/nothing'),
    ];
    expect(told.map(({ headers }) => headers.get('content-type'))).toEqual([
      'application/json; charset=utf-8',
      'application/json; charset=utf-8',
      'application/json; charset=utf-8',
      'application/problem+json; charset=utf-8',
      'application/problem+json; charset=utf-8',
      'application/problem+json; charset=utf-8',
    ]);
    for (const type of [
      'text/plain',
      'application/xml',
      'text/html; charset=utf-8',
      'multipart/form-data; boundary=x',
    ]) {
      const headers = { ...asLogin(lab.owner), 'content-type': type };
      const answer = await lab.ask('/api/v1/gpu/pools', { method: 'POST', headers, body: '<x/>' });
      expect([type, answer.status, codeOf(answer)]).toEqual([type, 415, 'unsupported_media_type']);
    }
  });

  it('is not too long: bodies, lists, pages, headers (L39)', async () => {
    const headers = asLogin(lab.owner);
    const post = (path: string, body: string | object): Promise<Told> =>
      lab.ask(path, { method: 'POST', headers, body });
    expect((await post('/api/v1/gpu/pools', `{"name":"${'x'.repeat(1024 * 1024)}"}`)).status).toBe(413);
    const many = { name: 'p', models: Array.from({ length: 100_000 }, (_, index) => `m${index}`) };
    expect([413, 422]).toContain((await post('/api/v1/gpu/pools', many)).status);
    for (const { path, queryParameters } of withQuery.filter(({ method }) => method === 'GET')) {
      if (!queryParameters.some(({ name }) => name === 'limit')) continue;
      const who = path.includes('/admin/') ? lab.admin : lab.owner;
      const answer = await lab.ask(`${path}?limit=101`, { headers: asLogin(who) });
      const isSeedList = path === '/api/v1/gpu/instances';
      expect([path, answer.status]).toEqual([path, isSeedList ? 200 : 422]);
    }
    const large = await lab.ask('/health', { headers: { 'x-large': 'x'.repeat(40_000) } });
    expect(large.status).toBe(431);
    const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
    for (const path of [
      '/api/v1/gpu/pools',
      '/api/v1/auth/login',
      '/api/v1/billing/payment',
      '/api/v1/gpu/proxy',
    ]) {
      for (const body of [deep, `{"name":${deep}}`, deep.replaceAll('{"a":', '[').replaceAll('}', ']')])
        expect([path, [400, 422].includes((await post(path, body)).status)]).toEqual([path, true]);
    }
    expect((await post('/v1/chat/completions', `{"model":"x","messages":${deep}}`)).status).toBe(404);
  });

  describe('in headers', () => {
    it.each([
      ['x-timelimit', '30\u00e9'],
      ['x-timelimit', '-1'],
      ['x-timelimit', '1e9'],
      ['x-timelimit', `${'9'.repeat(300)}s`],
      ['idempotency-key', 'x'.repeat(300)],
      ['x-request-id', '<script>'],
      ['x-request-id', 'x'.repeat(200)],
      ['x-preferred-payment', 'card:\u0001'],
      ['x-preferred-payment', 'crypto:::'],
      ['x-billing', "'; --"],
      ['authorization', `Bearer ${'x'.repeat(10_000)}`],
      ['authorization', 'Bearer'],
      ['x-api-key', 'é'],
      ['x-forwarded-for', '127.0.0.1, ::1, unknown, "x"'],
      ['prefer', 'respond-async; wait=x'],
      ['accept', '*/*;q=x'],
      ['content-length', '0'],
    ])('%s: %s breaks nothing', async (name, value) => {
      for (const path of [
        '/api/v1/billing/payment',
        '/api/v1/gpu/instances/reserve',
        '/v1/chat/completions',
        '/api/v1/gpu/proxy',
      ]) {
        const status = await rawStatus(lab.running.url, path, { ...asLogin(lab.owner), [name]: value });
        expect([path, status < 500 || status === 503]).toEqual([path, true]);
      }
    });

    it('mints a request id where the given one is not fit for logs', async () => {
      const given = await lab.ask('/health', { headers: { 'x-request-id': '<x>' } });
      expect(given.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      const kept = await lab.ask('/health', { headers: { 'x-request-id': 'abc.1-2_3' } });
      expect(kept.headers.get('x-request-id')).toBe('abc.1-2_3');
    });
  });

  describe('in its framing (L35)', () => {
    const HEAD = 'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    it.each([
      ['both lengths', `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
      ['two lengths', `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
      ['a length that is none', `${HEAD}Content-Length: +2\r\n\r\n{}`],
      ['bare line feeds', HEAD.replaceAll('\r\n', '\n') + 'Content-Length: 2\n\n{}'],
      ['a folded header', `${HEAD}X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
      ['a space before the colon', `${HEAD}X-Space : a\r\nContent-Length: 2\r\n\r\n{}`],
      ['an unknown transfer coding', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n{}`],
      ['a NUL in a value', `${HEAD}X-Nul: a\0b\r\nContent-Length: 2\r\n\r\n{}`],
      ['no host', 'GET /health HTTP/1.1\r\n\r\n'],
    ])('with %s is 400, and the connection ends', async (_, bytes) => {
      const answer = await rawExchange(lab.running.url, bytes);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toMatch(/\nended$/);
    });

    it('by TRACE is not echoed, and CONNECT opens nothing (L40)', async () => {
      for (const path of ['/health', '/api/v1/credits', '/v1/models', '/api/v1/gpu/pools/x/proxy/y']) {
        const answer = await rawExchange(
          lab.running.url,
          `TRACE ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: canary\r\nConnection: close\r\n\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 (?:400|404|405) /);
        expect(answer).not.toContain('canary');
      }
      const connected = await rawExchange(
        lab.running.url,
        'CONNECT example.com:80 HTTP/1.1\r\nHost: x\r\n\r\n',
      );
      expect(connected).not.toMatch(/^HTTP\/1\.1 2/);
    });
  });
});

describe('what is served beside the API (L40)', () => {
  let running: RunningDaemon;
  beforeAll(async () => {
    running = await runDaemon('sqlite', { DOCS_PUBLIC: 'false', CORS_ORIGINS: '*' });
  });
  afterAll(() => running.stop());

  it('shows its documents only where the operator wants, and no metrics and no files to anybody', async () => {
    const paths = [
      '/docs',
      '/docs/',
      '/docs-json',
      '/docs-yaml',
      '/metrics',
      '/.env',
      '/.git/config',
      '/package.json',
    ];
    for (const path of paths) {
      const { status } = await fetch(`${running.url}${path}`);
      expect([path, [401, 404].includes(status)]).toEqual([path, true]);
    }
  });

  it('lets pages of any origin in only without credentials of the browser', async () => {
    for (const path of ['/api/v1/credits', '/v1/models', '/api/v1/gpu/pools/x/proxy/y']) {
      const headers = { origin: 'https://evil.example', 'access-control-request-method': 'GET' };
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await fetch(`${running.url}${path}`, { method, headers });
        expect([path, answer.headers.get('access-control-allow-credentials')]).toEqual([path, null]);
      }
    }
  });
});

/** Fetch sends no header that is wrong; this does. */
function rawStatus(url: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${path}`, { method: 'POST' }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    for (const [name, value] of Object.entries({ 'content-type': 'application/json', ...headers })) {
      try {
        request.setHeader(name, Buffer.from(value).toString('latin1'));
      } catch {
        request.setHeader(name, 'x');
      }
    }
    request.end(headers['content-length'] === undefined ? '{}' : undefined);
  });
}

/** Everything that comes back until the server closes, or for two seconds, and which of the two it was. */
function rawExchange(url: string, bytes: string): Promise<string> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
    const end = (how: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(`${text}\n${how}`);
    };
    const timer = setTimeout(() => end('still open'), 2000);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => end('ended'));
  });
}
