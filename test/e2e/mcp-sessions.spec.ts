import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { modernClient } from '../support/mcp-clients.js';
import {
  ACCEPT,
  AUTH,
  call,
  closeProxies,
  initialize,
  inSession,
  post,
  proxyTo,
  urlOf,
} from '../support/mcp-proxies.js';
import { startLegacyServer, startModernServer, type LegacyTestServer } from '../support/mcp-servers.js';

afterEach(closeProxies);

describe('sessions', () => {
  let servers: [LegacyTestServer, LegacyTestServer];

  beforeAll(async () => {
    servers = [await startLegacyServer(), await startLegacyServer()];
  });
  afterAll(() => Promise.all(servers.map((server) => server.close())));

  it('stay with the instance that began them, and new ones are balanced', async () => {
    const proxy = await proxyTo(servers.map(({ origin }) => origin));
    const [one, two] = [await initialize(proxy), await initialize(proxy)];
    expect(servers.map(({ sessions }) => [...sessions.keys()])).toEqual([[one], [two]]);
    for (const count of [1, 2, 3, 4, 5]) {
      for (const [index, sessionId] of [one, two].entries()) {
        const answer = await post(proxy, call('count'), inSession(sessionId));
        expect(answer.headers.get('x-gpuproxy-instance')).toBe(`i${index}`);
        expect(await answer.text()).toContain(`"text":"${count}"`);
      }
    }
  });

  it('are a 404 when nobody began them here', async () => {
    const proxy = await proxyTo([servers[0].origin]);
    const seen = servers[0].seen.length;
    const answer = await post(proxy, call('count'), inSession('never-heard-of'));
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      jsonrpc: '2.0',
      error: { code: 404, data: { code: 'session_not_found' } },
    });
    expect(servers[0].seen.length).toBe(seen);
  });

  it('end with DELETE, and with the server’s own 404', async () => {
    const proxy = await proxyTo([servers[0].origin]);
    const first = await initialize(proxy);
    const ended = await fetch(urlOf(proxy), {
      method: 'DELETE',
      headers: { ...AUTH, ...inSession(first) },
    });
    expect(ended.status).toBe(200);
    const second = await initialize(proxy);
    servers[0].forgetSessions();
    const forgotten = await post(proxy, call('count'), inSession(second));
    expect({ status: forgotten.status, text: await forgotten.text() }).toEqual({ status: 404, text: '' });
    const seen = servers[0].seen.length;
    for (const sessionId of [first, second]) {
      const answer = await post(proxy, call('count'), inSession(sessionId));
      expect(await answer.json()).toMatchObject({ error: { data: { code: 'session_not_found' } } });
    }
    expect(servers[0].seen.length).toBe(seen);
  });

  it('are a 404 when their instance dies, so that the client begins anew with another', async () => {
    const mortal = await startLegacyServer();
    const proxy = await proxyTo([mortal.origin, servers[1].origin]);
    const sessionId = await initialize(proxy);
    expect(mortal.sessions.has(sessionId)).toBe(true);
    await mortal.close();
    const answer = await post(proxy, call('count'), inSession(sessionId));
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { data: { code: 'session_not_found' } } });
    const next = await initialize(proxy);
    expect(servers[1].sessions.has(next)).toBe(true);
    const counted = await post(proxy, call('count'), inSession(next));
    expect(await counted.text()).toContain('"text":"1"');
  });

  it('mean nothing to the modern era: the header passes and the request is balanced', async () => {
    const modern = await startModernServer();
    const proxy = await proxyTo([modern.origin]);
    const { client } = await modernClient(urlOf(proxy), { ...AUTH, 'mcp-session-id': 'stray' });
    expect(await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).toMatchObject({
      content: [{ text: '3' }],
    });
    expect(modern.seen.at(-1)?.headers['mcp-session-id']).toBe('stray');
    await client.close();
    await modern.close();
  });
});

it('forgets nothing in 500 successes, streams and aborts', async () => {
  const legacy = await startLegacyServer();
  const proxy = await proxyTo([legacy.origin]);
  const sessionId = await initialize(proxy);
  const outcomes = new Map<string, number>();
  const one = async (index: number): Promise<void> => {
    const stop = new AbortController();
    const isAborted = index % 3 === 0;
    const isStream = index % 5 === 0;
    const asked = fetch(urlOf(proxy), {
      method: isStream ? 'GET' : 'POST',
      headers: { ...AUTH, ...ACCEPT, ...inSession(sessionId) },
      body: isStream ? undefined : JSON.stringify(call(isAborted ? 'slow' : 'count', index)),
      signal: stop.signal,
    });
    if (isAborted || isStream) setTimeout(() => stop.abort(), index % 40);
    const outcome = await asked
      .then((answer) => answer.text())
      .then(
        () => 'answered',
        () => 'aborted',
      );
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };
  for (let start = 0; start < 500; start += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => one(start + index)));
  }
  expect(outcomes.get('answered')).toBeGreaterThan(200);
  expect(outcomes.get('aborted')).toBeGreaterThan(150);
  await proxy.door.whenIdle();
  expect(proxy.balancer.load('i0')?.activeConnections).toBe(0);
  legacy.finishSlow();
  await legacy.close();
});
