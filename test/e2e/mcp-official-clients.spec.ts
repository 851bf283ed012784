import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { legacyClient, modernClient } from '../support/mcp-clients.js';
import { AUTH, closeProxies, proxyTo, urlOf } from '../support/mcp-proxies.js';
import {
  startLegacyServer,
  startModernServer,
  type LegacyTestServer,
  type McpTestServer,
} from '../support/mcp-servers.js';

afterEach(closeProxies);

describe('official clients see through the proxy what they see directly', () => {
  let modern: McpTestServer;
  let dual: McpTestServer;
  let legacy: LegacyTestServer;

  beforeAll(async () => {
    modern = await startModernServer();
    dual = await startModernServer(0, 'stateless');
    legacy = await startLegacyServer();
  });
  afterAll(() => Promise.all([modern.close(), dual.close(), legacy.close()]));

  async function lookAround(url: string, mode: 'auto' | 'legacy', headers = {}): Promise<unknown[]> {
    const { client, transport } = await modernClient(url, headers, mode);
    const tools = await client.listTools();
    const [{ name }] = tools.tools;
    const result = await client.callTool({ name, arguments: { a: 1, b: 2 } });
    const failure = await client.callTool({ name: 'no such tool' }).catch((error: Error) => error.message);
    const seen = [client.getProtocolEra(), client.getServerVersion(), tools, result, failure];
    await transport.terminateSession();
    await client.close();
    return seen;
  }

  it.each(['modern', 'dual', 'legacy'] as const)('the v2 client at a %s server', async (kind) => {
    const server = { modern, dual, legacy }[kind];
    const proxy = await proxyTo([server.origin]);
    const direct = await lookAround(server.url, 'auto');
    expect(await lookAround(urlOf(proxy), 'auto', AUTH)).toEqual(direct);
    expect(direct[0]).toBe(kind === 'legacy' ? 'legacy' : 'modern');
  });

  it.each(['dual', 'legacy'] as const)('the v2 client in its legacy mode at a %s server', async (kind) => {
    const server = { dual, legacy }[kind];
    const proxy = await proxyTo([server.origin]);
    const direct = await lookAround(server.url, 'legacy');
    expect(await lookAround(urlOf(proxy), 'legacy', AUTH)).toEqual(direct);
  });

  it('the v1 client, with progress, a stream of its own and the end of its session', async () => {
    const proxy = await proxyTo([legacy.origin]);
    const { client, transport } = await legacyClient(urlOf(proxy), AUTH);
    expect((await client.listTools()).tools).toHaveLength(4);
    const started = once(legacy.events, 'started');
    const progress: number[] = [];
    const slow = client.callTool({ name: 'slow', arguments: {} }, undefined, {
      onprogress: (event) => void progress.push(event.progress),
    });
    await started;
    await vi.waitFor(() => expect(progress).toEqual([1]));
    legacy.finishSlow();
    expect(await slow).toMatchObject({ content: [{ text: 'done' }] });
    expect(legacy.seen.map(({ method }) => method)).toContain('GET');
    await transport.terminateSession();
    expect(legacy.sessions.size).toBe(0);
    await client.close();
  });

  it('answers questions of the server (elicitation), in both eras', async () => {
    const proxy = await proxyTo([modern.origin]);
    const { client } = await modernClient(urlOf(proxy), AUTH, 'auto', { elicitation: { form: {} } });
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
    const result = await client.callTool({ name: 'ask', arguments: {} });
    expect(JSON.stringify(result.content)).toContain('Ada');
    await client.close();

    const old = await proxyTo([legacy.origin]);
    const elder = await modernClient(urlOf(old), AUTH, 'legacy', { elicitation: { form: {} } });
    elder.client.setRequestHandler('elicitation/create', () => ({ action: 'decline' }));
    const answer = await elder.client.callTool({ name: 'elicit', arguments: {} });
    expect(JSON.stringify(answer.content)).toContain('decline');
    await elder.client.close();
  });

  it('tells a modern server that the client has cancelled', async () => {
    const proxy = await proxyTo([modern.origin]);
    const { client } = await modernClient(urlOf(proxy), AUTH);
    const stop = new AbortController();
    const started = once(modern.events, 'started');
    const cancelled = once(modern.events, 'cancelled');
    const slow = client.callTool({ name: 'slow', arguments: {} }, { signal: stop.signal });
    await started;
    stop.abort();
    await expect(slow).rejects.toThrow();
    await cancelled;
    await client.close();
  });
});
