import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ask,
  problemOf,
  messagesAt,
  methodsAt,
  sendEnvelope,
  textOf,
  toolCall,
} from '../support/mcp-envelopes.js';
import { AUTH, closeProxies, proxyTo } from '../support/mcp-proxies.js';
import {
  startLegacyServer,
  startModernServer,
  type LegacyTestServer,
  type McpTestServer,
} from '../support/mcp-servers.js';
import type { ProxyHarness } from '../support/proxy-harness.js';
import { scripted } from '../support/mcp-scripted.js';
import { refusedOrigin, startRawUpstream } from '../support/raw-upstream.js';

let modern: McpTestServer;
let legacy: LegacyTestServer;
let proxy: ProxyHarness;

beforeAll(async () => {
  modern = await startModernServer();
  legacy = await startLegacyServer();
});
beforeEach(() => {
  modern.seen.length = 0;
  legacy.seen.length = 0;
});
afterEach(closeProxies);
afterAll(() => Promise.all([modern.close(), legacy.close()]));

const slow = toolCall('slow', {}, { _meta: { progressToken: 'p-1' } });
const progress = { method: 'notifications/progress', params: { progressToken: 'p-1', progress: 1 } };

describe.each(['modern', 'legacy'] as const)('streams of a %s server', (kind) => {
  const serverOf = (): McpTestServer => (kind === 'modern' ? modern : legacy);

  it('are collected: the response, and what was notified before it', async () => {
    proxy = await proxyTo([serverOf().origin]);
    const started = once(serverOf().events, 'started');
    const asked = ask(proxy, slow);
    await started;
    serverOf().finishSlow();
    const reply = await asked;
    expect(textOf(reply)).toBe('done');
    expect(reply.body.notifications).toMatchObject([progress]);
    expect(reply.body.headers['content-type']).toContain('text/event-stream');
  });

  it.each([
    ['stream: true', { stream: true }, {}],
    ['Accept: text/event-stream', {}, { accept: 'text/event-stream' }],
  ])('are relayed event by event with %s', async (_, more, headers) => {
    proxy = await proxyTo([serverOf().origin]);
    const answer = await fetch(`${proxy.url}/api/v1/gpu/proxy`, {
      method: 'POST',
      headers: { ...AUTH, ...headers },
      body: JSON.stringify({ protocol: 'mcp', pool: 'tools', body: { id: 'mine', ...slow }, ...more }),
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-gpuproxy-instance')).toBe('i0');
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const first = Buffer.from((await reader.read()).value ?? []).toString();
    expect(eventIn(first)).toMatchObject(progress);
    serverOf().finishSlow();
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      rest += Buffer.from(part.value).toString();
    }
    expect(eventIn(rest)).toMatchObject({ id: 'mine', result: { content: [{ text: 'done' }] } });
  });

  it('end when the caller leaves, and the server is told', async () => {
    proxy = await proxyTo([serverOf().origin]);
    const stop = new AbortController();
    const started = once(serverOf().events, 'started');
    const cancelled = once(serverOf().events, 'cancelled');
    const text = JSON.stringify({ protocol: 'mcp', pool: 'tools', body: slow });
    const asked = sendEnvelope(proxy, text, {}, stop.signal);
    await started;
    stop.abort();
    await expect(asked).rejects.toThrow();
    await cancelled;
    await proxy.door.whenIdle();
    expect(proxy.usage.at(-1)).toMatchObject({ status: 499 });
    const told = methodsAt(serverOf()).includes('notifications/cancelled');
    expect(told).toBe(kind === 'legacy');
  });

  it('end when the time of the request is over: 504, and the server is told', async () => {
    proxy = await proxyTo([serverOf().origin]);
    await ask(proxy, { method: 'tools/list' });
    const cancelled = once(serverOf().events, 'cancelled');
    expect(problemOf(await ask(proxy, slow, { timeout_ms: 200 }))).toEqual([504, 'time_limit_exceeded']);
    await cancelled;
    if (kind === 'modern') return;
    const [call, cancel] = messagesAt(legacy).slice(-2);
    expect(cancel.message).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: call.message.id },
    });
  });
});

function eventIn(text: string): unknown {
  expect(text).toMatch(/^event: message\ndata: .*\n\n$/);
  return JSON.parse(text.slice('event: message\ndata: '.length));
}

describe('requests of the server', () => {
  it('are answered: there is nobody to ask', async () => {
    proxy = await proxyTo([legacy.origin]);
    const reply = await ask(proxy, toolCall('elicit'));
    expect(textOf(reply)).toMatch(/elicitation|-32601|Method not found/);
    expect(reply.body.notifications).toEqual([]);
  });

  it('for a sign of life get one, under their own id', async () => {
    const upstream = await startRawUpstream(
      scripted(({ id }) => [
        { jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: {} },
        '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}',
        { jsonrpc: '2.0', id, result: { content: [{ text: 'x' }] } },
      ]),
    );
    proxy = await proxyTo([upstream.origin]);
    const reply = await ask(proxy, toolCall('any'));
    expect(textOf(reply)).toBe('x');
    expect(reply.body.notifications).toEqual([]);
    await expect
      .poll(() => upstream.received.join('\n'))
      .toContain('{"jsonrpc":"2.0","id":9007199254740993,"result":{}}');
    expect(upstream.received.join('\n')).toContain('{"jsonrpc":"2.0","id":"q","error":{"code":-32601');
    await upstream.close();
  });
});

it('a legacy stream that is closed in between is asked for again, from where it was', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n';
  let id: unknown;
  const upstream = await startRawUpstream((socket, received) => {
    if (received.startsWith('GET')) {
      const result = JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ text: 'late' }] } });
      return void socket.end(`${head}id: e-2\ndata: ${result}\n\n`);
    }
    scripted((message) => {
      ({ id } = message);
      return [`retry: 20\n\nid: e-1\ndata:\n\n`];
    }, true)(socket, received);
  });
  proxy = await proxyTo([upstream.origin]);
  expect(textOf(await ask(proxy, toolCall('any')))).toBe('late');
  const again = upstream.received.find((text) => text.startsWith('GET'));
  expect(again?.toLowerCase()).toContain('last-event-id: e-1');
  expect(again?.toLowerCase()).toContain('mcp-session-id: s-1');
  await upstream.close();
});

describe('failures', () => {
  const OPEN = { PROXY_ALLOW_PRIVATE_CIDRS: '127.0.0.0/8' };

  it.each([
    ['HTML', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>'],
    ['broken JSON', 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{'],
    ['other JSON', 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'],
    ['404 pages', 'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnone'],
    ['503', 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'],
    ['an empty stream', 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n'],
    [
      'bytes',
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: \xff\n\n',
    ],
  ])('of servers that answer with %s are 502 upstream_protocol_error', async (_, bytes) => {
    const upstream = await startRawUpstream(bytes.replace('\r\n', '\r\nConnection: close\r\n'));
    proxy = await proxyTo([upstream.origin]);
    expect(problemOf(await ask(proxy, toolCall('any')))).toEqual([502, 'upstream_protocol_error']);
    expect(problemOf(await ask(proxy, toolCall('any'), { stream: true }))).toEqual([
      502,
      'upstream_protocol_error',
    ]);
    await upstream.close();
  });

  it.each([401, 403])(
    'of servers that want credentials (%i) are 502 upstream_auth_required',
    async (status) => {
      const upstream = await startRawUpstream(
        `HTTP/1.1 ${status} No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n`,
      );
      proxy = await proxyTo([upstream.origin]);
      const reply = await ask(proxy, toolCall('any'));
      expect(problemOf(reply)).toEqual([502, 'upstream_auth_required']);
      expect(reply.headers.has('www-authenticate')).toBe(false);
      await upstream.close();
    },
  );

  it.each([
    ['403 Forbidden', 'upstream_auth_required'],
    ['202 Accepted', 'upstream_protocol_error'],
    ['500 Broken', 'upstream_protocol_error'],
  ])('of servers that answer a call with a bare %s are 502 %s', async (status, code) => {
    const upstream = await startRawUpstream(
      scripted((_, socket) => {
        socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
        return [];
      }),
    );
    proxy = await proxyTo([upstream.origin]);
    expect(problemOf(await ask(proxy, toolCall('any')))).toEqual([502, code]);
    await upstream.close();
  });

  it('to connect are tried elsewhere in a pool, and told otherwise', async () => {
    const [dead, alsoDead] = [await refusedOrigin(), await refusedOrigin()];
    proxy = await proxyTo([dead, modern.origin]);
    const reply = await ask(proxy, toolCall('add', { a: 1, b: 1 }));
    expect(reply.body).toMatchObject({ attempts: 2, instance_id: 'i1', status_code: 200 });
    const nobody = await proxyTo([dead, alsoDead], {}, OPEN);
    expect(problemOf(await ask(nobody, toolCall('add')))).toEqual([502, 'upstream_unreachable']);
    const target = { pool: undefined, target_url: `${dead}/mcp` };
    expect(problemOf(await ask(nobody, toolCall('add'), target))).toEqual([502, 'upstream_unreachable']);
  });

  it('in the middle are never made good by a second run', async () => {
    let calls = 0;
    const breaking = scripted(({ method }, socket) => {
      if (method !== 'tools/call') return [];
      calls += 1;
      socket.destroy();
      return [];
    });
    const upstream = await startRawUpstream(breaking);
    proxy = await proxyTo([upstream.origin, modern.origin]);
    expect(problemOf(await ask(proxy, toolCall('any')))).toEqual([502, 'upstream_unreachable']);
    expect(calls).toBe(1);
    expect(methodsAt(modern)).toEqual([]);
    await upstream.close();
  });

  it('to go on with a stream are never made good by a second run either', async () => {
    const upstream = await startRawUpstream(scripted(() => ['retry: 1\n\nid: e-1\ndata:\n\n'], true));
    proxy = await proxyTo([upstream.origin, modern.origin]);
    const asked = ask(proxy, toolCall('any'));
    await upstream.nextClose();
    await upstream.close();
    expect(problemOf(await asked)).toEqual([502, 'upstream_unreachable']);
    expect(methodsAt(modern)).toEqual([]);
  });

  it('after the first event cut the stream', async () => {
    const upstream = await startRawUpstream(
      scripted((_, socket) => {
        setTimeout(() => socket.destroy(), 50);
        return [{ jsonrpc: '2.0', method: 'notifications/message', params: {} }];
      }),
    );
    proxy = await proxyTo([upstream.origin]);
    await expect(ask(proxy, toolCall('any'), { stream: true })).rejects.toThrow();
    await upstream.close();
  });

  it('to answer in time are 504', async () => {
    const upstream = await startRawUpstream(() => undefined);
    proxy = await proxyTo([upstream.origin], {}, { PROXY_FIRST_BYTE_TIMEOUT: '1s' });
    expect(problemOf(await ask(proxy, toolCall('any')))).toEqual([504, 'upstream_first_byte_timeout']);
    await upstream.close();
  });

  it('of the handshake are the server’s own words', async () => {
    const upstream = await startRawUpstream(
      scripted(
        ({ id }) => [{ jsonrpc: '2.0', id, error: { code: -32603, message: 'not today' } }],
        false,
        true,
      ),
    );
    proxy = await proxyTo([upstream.origin]);
    const reply = await ask(proxy, { id: 8, ...toolCall('any') });
    expect(reply.body).toMatchObject({ status_code: 200, body: { id: 8, error: { message: 'not today' } } });
    await upstream.close();
  });
});
