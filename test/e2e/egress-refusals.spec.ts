import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemHostResolver } from '../../src/egress/host-resolver.js';
import { documentOfBuild } from '../support/built-document.js';
import { operationsOf, type Schema } from '../support/openapi.js';
import {
  runDaemon,
  signUp,
  type ApiCaller,
  type Reply,
  type RunningDaemon,
} from '../support/running-daemon.js';

/** Hosts that are not the public internet, whatever they are written like. */
const HOSTS = `
  127.0.0.1 127.1 2130706433 0x7f000001 0177.0.0.1 0.0.0.0 0 0x7f.1 １２７．０．０．１ 127。0。0。1 ①②⑦.0.0.1
  [::1] [::] [::ffff:127.0.0.1] [::7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:1::1] [3fff::1] [fc00::1]
  [fe80::1] [ff02::1] [fd00:ec2::254] 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 198.18.0.1 224.0.0.1
  255.255.255.255 169.254.169.254 168.63.129.16 100.100.100.200 169.254.1.1
  localhost localhost. LOCALHOST a.localhost mixed.test private.test rebind.test`
  .trim()
  .split(/\s+/);

/** What each protocol's target may begin with. */
const PROTOCOLS = [
  ['http', 'http'],
  ['https', 'https'],
  ['mcp', 'http'],
  ['openinference', 'http'],
  ['openinference', 'grpc'],
  ['openinference', 'grpcs'],
] as const;

const BODIES: Readonly<Record<string, object | undefined>> = {
  mcp: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
  openinference: { model: 'm', prompt: 'x' },
};
const REFUSED = [403, 'target_not_allowed'];

describe('targets that are none', () => {
  let running: RunningDaemon;
  let caller: ApiCaller;
  let listener: Server;
  let port = 0;
  let connections = 0;

  beforeAll(async () => {
    listener = createServer((socket) => {
      connections += 1;
      socket.destroy();
    }).listen(0, '::');
    await once(listener, 'listening');
    port = (listener.address() as AddressInfo).port;
    running = await runDaemon('sqlite', { PROXY_OPEN_TARGETS: 'true', PROXY_RATE_LIMIT_PER_MINUTE: '0' });
    caller = await signUp(running.url);
  });
  beforeEach(() => {
    let asked = 0;
    vi.spyOn(SystemHostResolver.prototype, 'resolve').mockImplementation(async (name) => {
      if (name === 'mixed.test') return ['93.184.216.34', '127.0.0.1'];
      if (name === 'private.test') return ['10.0.0.7'];
      if (name === 'rebind.test') return [asked++ === 0 ? '93.184.216.34' : '127.0.0.1'];
      return ['127.0.0.1'];
    });
  });
  afterEach(() => void vi.restoreAllMocks());
  afterAll(async () => {
    listener.close();
    await running.stop();
  });

  const ask = (protocol: string, target: string): Promise<Reply<{ code?: string }>> =>
    caller.post('/api/v1/gpu/proxy', {
      protocol,
      target_url: target,
      body: BODIES[protocol],
      timeout_ms: 5000,
    });
  const told = ({ status, body }: Reply<{ code?: string }>): unknown[] => [status, body.code];

  it.each(PROTOCOLS)(
    'are refused with protocol %s and %s://, and nothing reaches a listener (L29)',
    async (protocol, scheme) => {
      for (const host of HOSTS) {
        const answer = await ask(protocol, `${scheme}://${host}:${port}/`);
        expect([host, ...told(answer)]).toEqual([host, ...REFUSED]);
        expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|10\.0\.0\.7/);
      }
    },
  );

  it.each([
    'http://1.1.1.1@127.0.0.1/',
    'http://user:pass@8.8.8.8/',
    'http://127.0.0.1\\@example.com/',
    'http://evil.test#@127.0.0.1/',
    'http://8.8.8.8:22/',
    'http://8.8.8.8:25/',
    'http://8.8.8.8:6379/',
    'http://8.8.8.8:5432/',
    'http://8.8.8.8:2375/',
    'http://8.8.8.8:11211/',
  ])('are refused: %s (L29)', async (url) => expect(told(await ask('http', url))).toEqual(REFUSED));

  it.each([
    'file:///etc/passwd',
    'ftp://8.8.8.8/',
    'gopher://8.8.8.8:70/',
    'data:text/plain,x',
    'javascript:1',
  ])('have another scheme: %s (L29)', async (url) => {
    for (const protocol of ['http', 'https', 'mcp', 'openinference'])
      expect([403, 422]).toContain((await ask(protocol, url)).status);
  });

  it('are the service itself, its documents and its sockets', async () => {
    const { port: own } = new URL(running.url);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0'])
      expect(told(await ask('http', `http://${host}:${own}/docs-json`))).toEqual(REFUSED);
  });

  it('cannot be smuggled in as the path behind a pool', async () => {
    const target = `127.0.0.1:${port}`;
    const paths = [
      `//${target}/`,
      `/@${target}/`,
      `/\\${target}/`,
      `/http://${target}/`,
      `/%2f%2f${target}/`,
      '/..//x',
    ];
    for (const path of paths) {
      const answer = await caller.get(`/api/v1/gpu/pools/default/proxy${path}`);
      expect([path, [404, 503].includes(answer.status)]).toEqual([path, true]);
      const envelope = { protocol: 'http', pool: 'default', path };
      expect([404, 422, 503]).toContain((await caller.post('/api/v1/gpu/proxy', envelope)).status);
    }
    for (const field of ['health', 'mcp_path']) {
      const value = field === 'health' ? { path: `http://${target}/` } : `http://${target}/`;
      const pool = { name: 'p', [field]: value };
      expect((await caller.post('/api/v1/gpu/pools', pool)).status).toBe(422);
    }
  });

  it('have let nobody through in all of these tests', () => expect(connections).toBe(0));

  it('have no other way in: these are all the fields of requests that take an address (L29)', async () => {
    const fields = operationsOf(await documentOfBuild())
      .filter(({ body }) => body !== undefined)
      .flatMap(({ method, path, body }) =>
        addressFields(body as Schema).map((name) => `${method} ${path} ${name}`),
      );
    expect(fields.toSorted()).toEqual([
      // Handed to the payment provider for the payer's browser; nobody here goes there.
      'POST /api/v1/billing/methods return_url',
      'POST /api/v1/billing/payment return_url',
      'POST /api/v1/gpu/proxy target_url',
    ]);
  });
});

function addressFields({ properties = {} }: Schema): string[] {
  return Object.entries(properties)
    .filter(
      ([name, schema]) => /ur[il]\b|ur[il]$|_url|endpoint|webhook|callback|host/i.test(name) || isUri(schema),
    )
    .map(([name]) => name);
}

const isUri = (schema: Schema): boolean => (schema as { format?: string }).format === 'uri';
