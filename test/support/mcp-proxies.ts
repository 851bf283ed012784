import { expect } from 'vitest';
import type { RoutablePool } from '../../src/gpu/pools/pool.directory.js';
import { KEY, startProxy, type ProxyHarness } from './proxy-harness.js';

export const AUTH = { 'x-api-key': KEY };
export const ACCEPT = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
};
export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
};

export const call = (name: string, id: number | string = 1): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});

const proxies: ProxyHarness[] = [];

/** A data plane whose pool `tools` has an instance (`i0`, `i1`, …) at each origin. */
export async function proxyTo(
  origins: string[],
  settings: Partial<RoutablePool> = {},
  env: Record<string, string> = {},
): Promise<ProxyHarness> {
  const proxy = await startProxy(env);
  proxies.push(proxy);
  proxy.addPool('tools', origins, { protocol: 'mcp', ...settings });
  return proxy;
}

/** For `afterEach`: every lease is back and nothing is under way. */
export async function closeProxies(): Promise<void> {
  for (const proxy of proxies.splice(0)) {
    await proxy.door.whenIdle();
    const active = [0, 1].map((index) => proxy.balancer.load(`i${index}`)?.activeConnections ?? 0);
    expect(active).toEqual([0, 0]);
    // Servers are told that a call is cancelled after its caller has left.
    await expect.poll(() => proxy.upstream.activeCount).toBe(0);
    await proxy.close();
  }
}

export const urlOf = (proxy: ProxyHarness): string => `${proxy.url}/mcp/tools`;

export function post(proxy: ProxyHarness, body: object | string, headers = {}): Promise<Response> {
  return fetch(urlOf(proxy), {
    method: 'POST',
    headers: { ...AUTH, ...ACCEPT, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export async function initialize(proxy: ProxyHarness): Promise<string> {
  const answer = await post(proxy, INITIALIZE);
  await answer.text();
  return answer.headers.get('mcp-session-id') ?? '';
}

export const inSession = (sessionId: string): Record<string, string> => ({
  'mcp-session-id': sessionId,
  'mcp-protocol-version': '2025-11-25',
});
