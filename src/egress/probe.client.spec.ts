import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { DenialNotes } from './denial-notes.js';
import { loadConfig } from '../config/load-config.js';
import { EgressConnector } from './connector.js';
import { EgressGuard } from './guard.js';
import { SystemHostResolver } from './host-resolver.js';
import { OwnEndpoints } from './own-endpoints.js';
import { ProbeClient } from './probe.client.js';
import { TrustedHosts } from './trusted-hosts.js';

function answer(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  response.end(request.url === '/big' ? 'x'.repeat(100_000) : `{"asked":"${request.method}"}`);
}

let server: Server;
let origin = '';
let probe: ProbeClient;
let trusted: TrustedHosts;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/never') return;
    if (request.url === '/moved') response.writeHead(302, { location: `${origin}/health` }).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = loadConfig({ JWT_SECRET: 'k3'.repeat(20) });
  const resolver = new SystemHostResolver();
  trusted = new TrustedHosts(config);
  const guard = new EgressGuard(
    config,
    trusted,
    new OwnEndpoints(config, resolver),
    resolver,
    new DenialNotes(new EventBus(), new SystemClock()),
  );
  probe = new ProbeClient(new EgressConnector(guard));
});

afterAll(async () => {
  await probe.onModuleDestroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('ProbeClient', () => {
  it('refuses an address that nobody vouches for', async () => {
    await expect(probe.get(`${origin}/health`, { timeoutMs: 1000 })).rejects.toMatchObject({ status: 403 });
  });

  it('asks a trusted machine, with GET and POST', async () => {
    trusted.add(origin);
    await expect(probe.get(`${origin}/health`, { timeoutMs: 1000 })).resolves.toEqual({
      status: 200,
      contentType: 'application/json',
      body: '{"asked":"GET"}',
      isTruncated: false,
    });
    await expect(probe.post(`${origin}/x`, '{}', { timeoutMs: 1000 })).resolves.toMatchObject({
      body: '{"asked":"POST"}',
    });
  });

  it('gives up in time, cuts long answers and follows no redirect', async () => {
    trusted.add(origin);
    await expect(probe.get(`${origin}/never`, { timeoutMs: 50 })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const { body, isTruncated } = await probe.get(`${origin}/big`, { timeoutMs: 1000, maxBytes: 1000 });
    expect({ length: body.length, isTruncated }).toEqual({ length: 1000, isTruncated: true });
    await expect(probe.get(`${origin}/moved`, { timeoutMs: 1000 })).resolves.toMatchObject({ status: 302 });
  });
});
