import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ACCEPT,
  AUTH,
  call,
  closeProxies,
  INITIALIZE,
  post,
  proxyTo,
  urlOf,
} from '../support/mcp-proxies.js';
import { startLegacyServer, type LegacyTestServer } from '../support/mcp-servers.js';
import { KEY, sendRaw, type ProxyHarness } from '../support/proxy-harness.js';
import { startRawUpstream, type RawReply } from '../support/raw-upstream.js';

const CREDENTIALS = { ...AUTH, authorization: 'Bearer of-the-caller', cookie: 'a=b' };

afterEach(closeProxies);

describe('bytes', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n';

  async function withRaw(
    reply: RawReply | string,
    run: (proxy: ProxyHarness, received: string[]) => Promise<void>,
    settings = {},
    env: Record<string, string> = {},
  ): Promise<void> {
    const upstream = await startRawUpstream(reply);
    const proxy = await proxyTo([upstream.origin], settings, env);
    await run(proxy, upstream.received);
    await upstream.close();
  }

  it('and headers reach the server as they were sent, but for credentials and Origin', async () => {
    const text = '{"jsonrpc": "2.0",\n "id":9007199254740993, "method":"tools/call","params":{"x":1.0} }';
    await withRaw(
      `${HEAD}\r\n{}`,
      async (proxy, received) => {
        const answer = await fetch(`${urlOf(proxy)}?a=b`, {
          method: 'POST',
          body: text,
          headers: {
            ...CREDENTIALS,
            ...ACCEPT,
            origin: 'https://app.example',
            'MCP-Protocol-Version': '2026-07-28',
            'Mcp-Method': 'tools/call',
            'Mcp-Name': '=?base64?w6k=?=',
            'Mcp-Param-Unknown': 'kept',
            'Last-Event-ID': 'e-1',
          },
        });
        expect(answer.status).toBe(200);
        expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
        expect(answer.headers.get('access-control-expose-headers')).toContain('Mcp-Session-Id');
        const [head, body] = received[0].split('\r\n\r\n');
        expect(body).toBe(text);
        expect(head).toMatch(/^POST \/v1\/mcp\?key=1&a=b HTTP\/1\.1\r\n/);
        const lower = head.toLowerCase();
        for (const line of [
          'accept: application/json, text/event-stream',
          'content-type: application/json',
          'mcp-protocol-version: 2026-07-28',
          'mcp-method: tools/call',
          'mcp-name: =?base64?w6k=?=',
          'mcp-param-unknown: kept',
          'last-event-id: e-1',
          'authorization: bearer of-the-upstream',
          'via: 1.1 gpuproxy',
        ]) {
          expect(lower).toContain(line);
        }
        for (const secret of [KEY, 'of-the-caller', 'cookie', 'origin:']) expect(lower).not.toContain(secret);
      },
      { mcpPath: '/v1/mcp?key=1', upstreamHeaders: { Authorization: 'Bearer of-the-upstream' } },
      { CORS_ORIGINS: 'https://app.example' },
    );
  });

  it.each([
    [202, 'Accepted'],
    [204, 'No Content'],
    [400, 'Bad Request'],
    [403, 'Forbidden'],
    [405, 'Method Not Allowed'],
    [500, 'Internal Server Error'],
  ])('of a %i pass as they are', async (status, reason) => {
    const length = status === 204 ? '' : 'Content-Length: 0\r\n';
    const challenge = 'WWW-Authenticate: Bearer scope="x"\r\n';
    await withRaw(`HTTP/1.1 ${status} ${reason}\r\nX-A: b\r\n${challenge}${length}\r\n`, async (proxy) => {
      const answer = await post(proxy, call('x'));
      expect({ status: answer.status, a: answer.headers.get('x-a') }).toEqual({ status, a: 'b' });
      expect(answer.headers.has('www-authenticate')).toBe(status !== 403);
    });
  });

  it('of a stream of events pass at once and unchanged: comments, ids, retry, empty data', async () => {
    const parts = [
      ': hello\n\n',
      'id: 1\ndata:\n\n',
      'retry: 10\r\n\r\n',
      'event: message\ndata: {"a" :1.0}\n\n',
    ];
    let send: (text: string) => void = () => undefined;
    const reply: RawReply = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n\r\n');
      send = (text) => void (text === '' ? socket.end() : socket.write(text));
    };
    await withRaw(reply, async (proxy) => {
      const answer = await fetch(urlOf(proxy), { headers: { ...AUTH, accept: 'text/event-stream' } });
      expect(answer.headers.get('x-accel-buffering')).toBe('no');
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      for (const part of parts) {
        const sentAt = performance.now();
        send(part);
        const { value } = await reader.read();
        expect(Buffer.from(value ?? []).toString()).toBe(part);
        expect(performance.now() - sentAt).toBeLessThan(250);
      }
      send('');
      expect((await reader.read()).done).toBe(true);
    });
  });

  it('may be long in coming on a stream, not in JSON', async () => {
    const env = { PROXY_IDLE_TIMEOUT: '150ms' };
    let finish = (): void => undefined;
    const stream: RawReply = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
      finish = () => socket.end('data: 2\n\n');
    };
    const noSettings = {};
    await withRaw(
      stream,
      async (proxy) => {
        const answer = await post(proxy, call('x'));
        // The limit for other answers is looked at once a second.
        await delay(1500);
        finish();
        expect(await answer.text()).toBe('data: 1\n\ndata: 2\n\n');
      },
      noSettings,
      env,
    );
    const json = `${HEAD.replace('2\r\n', '9\r\n')}\r\n{`;
    await withRaw(
      (socket) => void socket.write(json),
      async (proxy) => {
        const answer = await post(proxy, call('x'));
        await expect(answer.text()).rejects.toThrow();
        expect(proxy.gauges.failures.get('upstream_idle_timeout')).toBe(1);
      },
      noSettings,
      env,
    );
  });

  it('stop without a clean end when the server dies in the middle', async () => {
    const reply: RawReply = (socket) => {
      const chunk = '9\r\ndata: 1\n\n\r\n';
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
      );
      setImmediate(() => socket.destroy());
    };
    await withRaw(reply, async (proxy) => {
      const answer = await post(proxy, call('x'));
      await expect(answer.text()).rejects.toThrow();
    });
  });

  it('stop at the server when the client leaves a stream', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: open\n\n');
    });
    const proxy = await proxyTo([upstream.origin]);
    const asking = httpRequest(urlOf(proxy), { headers: AUTH }).end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    await once(answer, 'data');
    const closed = upstream.nextClose();
    asking.destroy();
    await closed;
    expect(upstream.sockets.size).toBe(0);
    await upstream.close();
  });
});

describe('refusals', () => {
  let server: LegacyTestServer;
  let proxy: ProxyHarness;

  beforeAll(async () => {
    server = await startLegacyServer();
  });
  afterAll(() => server.close());
  const open = async (env: Record<string, string> = {}): Promise<void> => {
    proxy = await proxyTo([server.origin], {}, env);
  };

  it('are JSON-RPC errors with the fitting status', async () => {
    await open({ PROXY_MAX_BODY: '2000' });
    const unknown = await post(proxy, INITIALIZE, { 'x-api-key': 'wrong' });
    expect(unknown.status).toBe(401);
    const { error, ...rest } = (await unknown.json()) as { error: { code: number; data: object } };
    expect(rest).toEqual({ jsonrpc: '2.0' });
    expect(error).toMatchObject({ code: 401, data: { code: 'invalid_api_key' } });
    const none = await fetch(urlOf(proxy), { method: 'POST', body: '{}' });
    expect(none.headers.get('content-type')).toBe('application/json');
    const scope = await post(proxy, INITIALIZE, { 'x-api-key': 'key-without-scope' });
    expect([scope.status, (await scope.json()) as object]).toMatchObject([
      403,
      { error: { data: { code: 'insufficient_scope', required_scope: 'proxy:use' } } },
    ]);
    const nowhere = await fetch(`${proxy.url}/mcp/other`, { method: 'POST', headers: AUTH, body: '{}' });
    expect([nowhere.status, (await nowhere.json()) as object]).toMatchObject([
      404,
      { error: { data: { code: 'pool_not_found' } } },
    ]);
    const large = await post(proxy, 'x'.repeat(2001));
    expect([large.status, (await large.json()) as object]).toMatchObject([
      413,
      { error: { code: 413, data: { code: 'payload_too_large' } } },
    ]);
  });

  it('turn away pages that are not listed, and names that are not ours', async () => {
    await open({ CORS_ORIGINS: 'https://app.example', PUBLIC_URL: 'https://gpu.example/base' });
    const seen = server.seen.length;
    const status = async (headers: string[]): Promise<string> => {
      const text = JSON.stringify(INITIALIZE);
      const lines = [
        `X-API-Key: ${KEY}`,
        'Content-Type: application/json',
        `Accept: ${ACCEPT.accept}`,
        ...headers,
      ];
      const head = [
        'POST /mcp/tools HTTP/1.1',
        ...lines,
        `Content-Length: ${text.length}`,
        'Connection: close',
      ];
      return (await sendRaw(proxy.port, `${head.join('\r\n')}\r\n\r\n${text}`)).slice(9, 12);
    };
    expect(await status(['Host: evil.example', 'Origin: https://evil.example'])).toBe('403');
    expect(await status(['Host: gpu.example', 'Origin: https://evil.example'])).toBe('403');
    expect(await status(['Host: gpu.example', 'Origin: null'])).toBe('403');
    expect(await status(['Host: evil.example'])).toBe('403');
    expect(await status(['Host: evil.example', 'Origin: https://gpu.example'])).toBe('403');
    expect(server.seen.length).toBe(seen);
    expect(await status(['Host: gpu.example', 'Origin: https://gpu.example'])).toBe('200');
    expect(await status(['Host: 127.0.0.1:1', 'Origin: https://app.example'])).toBe('200');
    expect(await status(['Host: localhost'])).toBe('200');
  });

  it('replace the server’s 401, whose challenge is not for the client', async () => {
    const locked = await startRawUpstream(
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer resource_metadata="x"\r\nContent-Length: 0\r\n\r\n',
    );
    const toLocked = await proxyTo([locked.origin]);
    const answer = await post(toLocked, INITIALIZE);
    expect(answer.status).toBe(502);
    expect(answer.headers.has('www-authenticate')).toBe(false);
    expect(await answer.json()).toMatchObject({ error: { data: { code: 'upstream_auth_required' } } });
    await locked.close();
  });

  it('say when no server answers', async () => {
    const gone = await startRawUpstream('');
    await gone.close();
    const toNobody = await proxyTo([gone.origin]);
    const answer = await post(toNobody, INITIALIZE);
    expect([answer.status, (await answer.json()) as object]).toMatchObject([
      502,
      { error: { data: { code: 'upstream_unreachable' } } },
    ]);
  });
});
