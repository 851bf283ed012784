import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EventBus } from '../../src/common/event-bus.js';
import { DenialNotes } from '../../src/egress/denial-notes.js';
import { ManualClock } from '../../src/common/clock.js';
import { loadConfig } from '../../src/config/load-config.js';
import { EgressConnector } from '../../src/egress/connector.js';
import { EgressGuard } from '../../src/egress/guard.js';
import { SystemHostResolver } from '../../src/egress/host-resolver.js';
import { OwnEndpoints } from '../../src/egress/own-endpoints.js';
import { TrustedHosts } from '../../src/egress/trusted-hosts.js';
import { UpstreamClient } from '../../src/proxy/upstream.client.js';
import { ask, problemOf, messagesAt, methodsAt, textOf, toolCall } from '../support/mcp-envelopes.js';
import { mcpClient } from '../support/mcp-parts.js';
import { AUTH, call, closeProxies, inSession, post, proxyTo, urlOf } from '../support/mcp-proxies.js';
import { startLegacyServer, startModernServer, type LegacyTestServer } from '../support/mcp-servers.js';
import { freePort } from '../support/free-port.js';
import type { ProxyHarness } from '../support/proxy-harness.js';

let legacy: LegacyTestServer;
let other: LegacyTestServer;
let proxy: ProxyHarness;

beforeAll(async () => {
  [legacy, other] = [await startLegacyServer(), await startLegacyServer()];
});
beforeEach(() => {
  for (const server of [legacy, other]) {
    server.seen.length = 0;
    server.forgetSessions();
  }
});
afterEach(closeProxies);
afterAll(() => Promise.all([legacy.close(), other.close()]));

const initializations = (server = legacy): number =>
  methodsAt(server).filter((method) => method === 'initialize').length;

describe('sessions with legacy servers', () => {
  it('are opened once, however many calls want one at the same time', async () => {
    proxy = await proxyTo([legacy.origin]);
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(proxy, toolCall('count'))));
    expect(replies.map(textOf).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index + 1)),
    );
    expect(initializations()).toBe(1);
    expect(methodsAt(legacy).filter((method) => method === 'server/discover')).toHaveLength(1);
  });

  it('are never shared between tenants, nor between credentials', async () => {
    proxy = await proxyTo([other.origin], {}, { PROXY_ALLOW_PRIVATE_CIDRS: '127.0.0.0/8' });
    const target = { pool: undefined, target_url: legacy.url };
    const callers = [
      [{}, AUTH],
      [{}, { 'x-api-key': 'key-of-user-2' }],
      [{ upstream_headers: { authorization: 'Bearer a' } }, AUTH],
      [{ headers: { authorization: 'Bearer b' } }, AUTH],
    ] as const;
    for (const count of ['1', '2']) {
      for (const [more, headers] of callers) {
        expect(textOf(await ask(proxy, toolCall('count'), { ...target, ...more }, headers))).toBe(count);
      }
    }
    expect(legacy.sessions.size).toBe(4);
  });

  it('are each instance’s own, and the balancer goes on picking', async () => {
    proxy = await proxyTo([legacy.origin, other.origin]);
    for (const count of ['1', '1', '2', '2']) expect(textOf(await ask(proxy, toolCall('count')))).toBe(count);
    expect([initializations(), initializations(other)]).toEqual([1, 1]);
  });

  it('that the server has forgotten are opened anew, and the call is made again', async () => {
    proxy = await proxyTo([legacy.origin]);
    expect(textOf(await ask(proxy, toolCall('count')))).toBe('1');
    legacy.forgetSessions();
    const reply = await ask(proxy, toolCall('count'));
    expect(textOf(reply)).toBe('1');
    expect(reply.body.status_code).toBe(200);
    expect(methodsAt(legacy).slice(4)).toEqual([
      'tools/call',
      'initialize',
      'notifications/initialized',
      'tools/call',
    ]);
  });

  it('can be a caller’s own: begun with session "new", gone on with session_id, ended with DELETE', async () => {
    proxy = await proxyTo([legacy.origin, other.origin]);
    await ask(proxy, toolCall('count'));
    const begun = await ask(proxy, toolCall('count'), { session: 'new' });
    const sessionId = begun.body.headers['mcp-session-id'];
    expect(textOf(begun)).toBe('1');
    const owner = begun.body.instance_id;
    for (const count of ['2', '3', '4']) {
      const reply = await ask(proxy, toolCall('count'), { session_id: sessionId });
      expect([textOf(reply), reply.body.instance_id]).toEqual([count, owner]);
      expect(reply.body.headers['mcp-session-id']).toBe(sessionId);
    }
    const same = await post(proxy, call('count'), inSession(sessionId));
    expect(await same.text()).toContain('"text":"5"');
    const ended = await fetch(urlOf(proxy), {
      method: 'DELETE',
      headers: { ...AUTH, ...inSession(sessionId) },
    });
    expect(ended.status).toBe(200);
    expect(problemOf(await ask(proxy, toolCall('count'), { session_id: sessionId }))).toEqual([
      404,
      'session_not_found',
    ]);
  });

  it.each([
    ['a pool', {}],
    ['an instance', { pool: undefined, instance_id: 'i0', path: '/mcp' }],
    ['a URL', { pool: undefined }],
  ])('of a caller’s own at %s end with method DELETE', async (_, place) => {
    proxy = await proxyTo([legacy.origin]);
    const at = 'pool' in place && !('path' in place) ? { ...place, target_url: legacy.url } : place;
    const begun = await ask(proxy, toolCall('count'), { session: 'new', ...at });
    const session = { session_id: begun.body.headers['mcp-session-id'], ...at };
    expect(legacy.sessions.has(session.session_id)).toBe(true);
    const ended = await ask(proxy, undefined, { method: 'DELETE', ...session });
    expect([ended.status, ended.body.status_code]).toEqual([200, 200]);
    expect(legacy.sessions.has(session.session_id)).toBe(false);
    expect(problemOf(await ask(proxy, toolCall('count'), session))).toEqual([404, 'session_not_found']);
    const wrong = await ask(proxy, undefined, { method: 'DELETE', ...at });
    expect([wrong.status, wrong.body.errors?.[0].field]).toEqual([422, 'session_id']);
  });

  it('that are shared are nobody’s business', async () => {
    proxy = await proxyTo([legacy.origin]);
    const reply = await ask(proxy, toolCall('count'));
    expect(reply.text).not.toContain([...legacy.sessions.keys()][0]);
  });

  it('of nobody are a 404, and none is opened for them', async () => {
    proxy = await proxyTo([legacy.origin]);
    expect(problemOf(await ask(proxy, toolCall('count'), { session_id: 'unknown' }))).toEqual([
      404,
      'session_not_found',
    ]);
    const direct = { pool: undefined, instance_id: 'i0', path: '/mcp', session_id: 'unknown' };
    expect(problemOf(await ask(proxy, toolCall('count'), direct))).toEqual([404, 'session_not_found']);
    expect(initializations()).toBe(0);
    const begun = await ask(proxy, toolCall('count'), { session: 'new' });
    const forgotten = { session_id: begun.body.headers['mcp-session-id'] };
    legacy.forgetSessions();
    expect(problemOf(await ask(proxy, toolCall('count'), forgotten))).toEqual([404, 'session_not_found']);
    legacy.seen.length = 0;
    expect(problemOf(await ask(proxy, toolCall('count'), forgotten))).toEqual([404, 'session_not_found']);
    expect(legacy.seen).toEqual([]);
  });

  it('can be begun by hand, with initialize', async () => {
    proxy = await proxyTo([legacy.origin]);
    const params = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'me', version: '1' },
    };
    const hello = await ask(proxy, { method: 'initialize', params });
    expect(hello.body.body?.result).toMatchObject({ protocolVersion: '2025-06-18' });
    const more = {
      session_id: hello.body.headers['mcp-session-id'],
      headers: { 'MCP-Protocol-Version': '2025-06-18' },
    };
    const ready = await ask(proxy, { method: 'notifications/initialized' }, more);
    expect(ready.body.status_code).toBe(202);
    expect(textOf(await ask(proxy, toolCall('count'), more))).toBe('1');
    expect(messagesAt(legacy).at(-1)?.headers['mcp-protocol-version']).toBe('2025-06-18');
    expect(methodsAt(legacy)).toEqual(['initialize', 'notifications/initialized', 'tools/call']);
  });
});

describe('what is known of servers', () => {
  const config = loadConfig({ JWT_SECRET: 'k3'.repeat(20), PROXY_ALLOW_PRIVATE_CIDRS: '127.0.0.0/8' });
  Logger.overrideLogger(false);
  const resolver = new SystemHostResolver();
  const guard = new EgressGuard(
    config,
    new TrustedHosts(config),
    new OwnEndpoints(config, resolver),
    resolver,
    new DenialNotes(new EventBus(), new ManualClock()),
  );
  const upstream = new UpstreamClient(new EgressConnector(guard));
  const clock = new ManualClock();
  const client = mcpClient({ config, clock, upstream });
  const signal = new AbortController().signal;
  const observer = { answered: () => undefined, streaming: () => undefined, notified: () => undefined };
  let connections = 0;
  const order = (origin: string): Parameters<typeof client.calls.run>[0] => ({
    target: {
      // A connection of its own: one that the server is just closing must not be taken again.
      tenant: `ada ${(connections += 1)}`,
      origin,
      kind: 'target',
      path: '/mcp',
      // A connection that the server is just closing must not be taken again.
      headers: [],
      key: `ada ${origin}`,
      tally: { bytesIn: 0, bytesOut: 0 },
    },
    call: { method: 'tools/list', idSource: '1', params: {}, paramsSource: '{}' },
    session: { kind: 'shared' },
    sessionVersion: undefined,
    observer,
    signal,
  });

  afterAll(() => upstream.onModuleDestroy());

  it('is asked again after ten minutes', async () => {
    const discoveries = (): number =>
      methodsAt(legacy).filter((method) => method === 'server/discover').length;
    await client.calls.run(order(legacy.origin));
    clock.advance(599_000);
    await client.calls.run(order(legacy.origin));
    expect(discoveries()).toBe(1);
    clock.advance(1000);
    await client.calls.run(order(legacy.origin));
    expect(discoveries()).toBe(2);
  });

  it('is a session that ends after five idle minutes', async () => {
    await client.calls.run(order(other.origin));
    const deletions = (): number => other.seen.filter(({ method }) => method === 'DELETE').length;
    clock.advance(299_000);
    client.sessions.sweep();
    expect(other.sessions.size).toBe(1);
    await client.calls.run(order(other.origin));
    clock.advance(299_000);
    client.sessions.sweep();
    await client.calls.run(order(other.origin));
    expect([initializations(other), deletions()]).toEqual([1, 0]);
    clock.advance(300_000);
    client.sessions.sweep();
    await expect.poll(() => [deletions(), other.sessions.size]).toEqual([1, 0]);
    expect((await client.calls.run(order(other.origin))).outcome.status).toBe(200);
    expect(initializations(other)).toBe(2);
  });

  it('may change: a server of the other era at the same address is noticed, both ways', async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const sequence = [startLegacyServer, startModernServer, startLegacyServer] as const;
    for (const start of sequence) {
      const server = await start(port);
      const { outcome } = await client.calls.run(order(origin));
      expect(outcome.status).toBe(200);
      expect(outcome.message?.value.result).toHaveProperty('tools');
      await server.close();
    }
  });
});
