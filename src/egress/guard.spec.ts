import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { DenialNotes } from './denial-notes.js';
import { loadConfig } from '../config/load-config.js';
import { EgressConnector } from './connector.js';
import { HostNotFoundError } from './egress.errors.js';
import { EgressGuard, type EgressKind } from './guard.js';
import { HostResolver } from './host-resolver.js';
import { OwnEndpoints } from './own-endpoints.js';
import { TrustedHosts } from './trusted-hosts.js';

class TableResolver extends HostResolver {
  constructor(private readonly table: Record<string, string[] | (() => string[])>) {
    super();
  }
  async resolve(hostname: string): Promise<readonly string[]> {
    const entry = this.table[hostname];
    if (!entry) throw new HostNotFoundError();
    return typeof entry === 'function' ? entry() : entry;
  }
}

interface Parts {
  guard: EgressGuard;
  connector: EgressConnector;
  own: OwnEndpoints;
  trusted: TrustedHosts;
}

function partsFor(
  env: Record<string, string> = {},
  table: ConstructorParameters<typeof TableResolver>[0] = {},
): Parts {
  const config = loadConfig({ JWT_SECRET: 'k3'.repeat(20), PROXY_OPEN_TARGETS: 'true', ...env });
  const resolver = new TableResolver(table);
  const trusted = new TrustedHosts(config);
  const own = new OwnEndpoints(config, resolver);
  const guard = new EgressGuard(
    config,
    trusted,
    own,
    resolver,
    new DenialNotes(new EventBus(), new SystemClock()),
  );
  return { guard, connector: new EgressConnector(guard), own, trusted };
}

const NAMES = {
  'mixed.test': ['93.184.216.34', '10.0.0.7'],
  'public.test': ['93.184.216.34'],
  'sub.listed.test': ['93.184.216.34'],
  'listed.test': ['93.184.216.34'],
};

let listener: Server;
let port = 0;
let bytesSeen = 0;
let connectionsSeen = 0;

beforeAll(async () => {
  listener = createServer((socket) => {
    connectionsSeen += 1;
    socket.on('data', (chunk) => (bytesSeen += chunk.length));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => listener.listen(0, '::', resolve));
  port = (listener.address() as AddressInfo).port;
});

afterAll(() => new Promise((resolve) => listener.close(resolve)));

/** Checks the URL and, as a proxy would, connects when the check let it through. */
async function reach(url: string, parts: Parts, kind: EgressKind = 'target'): Promise<void> {
  const { url: checked } = await parts.guard.check(url, kind);
  const socket = await parts.connector.connect(
    { hostname: checked.hostname, host: checked.host, port: checked.port, protocol: checked.protocol },
    kind,
  );
  socket.end('GET / HTTP/1.1\r\n\r\n');
}

/** What undici does: the connector alone, without the check of the whole URL. */
async function connectOnly(hostname: string, parts: Parts, kind: EgressKind): Promise<void> {
  const bare = hostname.replace(/^\[|\]$/g, '');
  const socket = await parts.connector.connect(
    { hostname: bare, port: String(port), protocol: 'http:' },
    kind,
  );
  socket.end('GET / HTTP/1.1\r\n\r\n');
}

const REFUSED = { status: 403, code: 'target_not_allowed' };

describe('addresses that are refused', () => {
  const hosts = `
    127.0.0.1 127.1 2130706433 0x7f000001 0177.0.0.1 0.0.0.0 0 0x7f.1 １２７．０．０．１ 127。0。0。1 ①②⑦.0.0.1
    [::1] [::] [::ffff:127.0.0.1] [::7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::] [2001:0:1::1] [3fff::1] [fc00::1]
    [fe80::1] [ff02::1] [fd00:ec2::254] [::ffff:8.8.8.8] 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 198.18.0.1
    224.0.0.1 255.255.255.255 169.254.169.254 168.63.129.16 100.100.100.200 169.254.1.1
    localhost localhost. LOCALHOST a.localhost mixed.test`
    .trim()
    .split(/\s+/);

  it.each(hosts)('%s, with the listener seeing nothing', async (host) => {
    const parts = partsFor({}, NAMES);
    await expect(reach(`http://${host}:${port}/`, parts)).rejects.toMatchObject(REFUSED);
    await expect(reach(`http://${host}:${port}/`, parts, 'instance')).rejects.toMatchObject(REFUSED);
    const { hostname } = new URL(`http://${host}`);
    await expect(connectOnly(hostname, parts, 'instance')).rejects.toMatchObject(REFUSED);
    expect({ bytesSeen, connectionsSeen }).toEqual({ bytesSeen: 0, connectionsSeen: 0 });
  });

  it.each([
    'http://1.1.1.1@127.0.0.1/',
    'http://user:pass@8.8.8.8/',
    'http://127.0.0.1\\@example.com/',
    'http://evil.test#@127.0.0.1/',
    'file:///etc/passwd',
    'ftp://8.8.8.8/',
    'gopher://8.8.8.8:70/',
    'not a url',
    'http://8.8.8.8:22/',
    'http://8.8.8.8:25/',
    'http://8.8.8.8:2375/',
    'http://8.8.8.8:5432/',
    'http://8.8.8.8:6379/',
    'http://8.8.8.8:11211/',
  ])('the URL %s', async (url) => {
    const parts = partsFor({}, { 'evil.test': ['127.0.0.1'] });
    await expect(parts.guard.check(url, 'target')).rejects.toMatchObject(REFUSED);
  });

  it('tells no address in the answer', async () => {
    const error = await partsFor({}, NAMES)
      .guard.check('http://mixed.test/', 'target')
      .catch((thrown: Error) => thrown);
    expect(JSON.stringify(error)).not.toContain('10.0.0.7');
    expect((error as Error).message).not.toContain('10.0.0.7');
  });
});

describe('addresses that pass', () => {
  it('are public hosts when targets are open', async () => {
    const { guard } = partsFor({}, NAMES);
    await expect(guard.check('https://public.test/x?y', 'target')).resolves.toMatchObject({
      addresses: ['93.184.216.34'],
    });
    await expect(guard.check('http://[2606:4700:4700::1111]:8000/', 'target')).resolves.toBeDefined();
  });

  it('are only listed hosts when targets are closed', async () => {
    const closed = { PROXY_OPEN_TARGETS: 'false', PROXY_TARGETS: 'listed.test:8443, *.listed.test' };
    const { guard } = partsFor(closed, NAMES);
    await expect(guard.check('https://listed.test:8443/', 'target')).resolves.toBeDefined();
    await expect(guard.check('https://sub.listed.test/', 'target')).resolves.toBeDefined();
    await expect(guard.check('https://listed.test/', 'target')).rejects.toMatchObject(REFUSED);
    await expect(guard.check('https://public.test/', 'target')).rejects.toMatchObject(REFUSED);
    await expect(guard.check('https://public.test:22/', 'instance')).resolves.toBeDefined();
  });

  it('are private ones inside an opened range, without open targets, but never metadata or our own', async () => {
    const parts = partsFor({
      PROXY_OPEN_TARGETS: 'false',
      PROXY_ALLOW_PRIVATE_CIDRS: '127.0.0.0/8,169.254.0.0/16,fd00::/8',
    });
    await expect(parts.guard.check(`http://127.0.0.1:${port}/`, 'target')).resolves.toBeDefined();
    await expect(parts.guard.check(`http://[::ffff:127.0.0.1]:${port}/`, 'target')).resolves.toBeDefined();
    for (const host of ['169.254.169.254', '[fd00:ec2::254]', '10.0.0.1']) {
      await expect(parts.guard.check(`http://${host}:${port}/`, 'target')).rejects.toMatchObject(REFUSED);
    }
    parts.own.addListener(port);
    await expect(parts.guard.check(`http://127.0.0.1:${port}/`, 'instance')).rejects.toMatchObject(REFUSED);
    await expect(parts.guard.check(`http://127.9.9.9:${port}/`, 'target')).rejects.toMatchObject(REFUSED);
  });

  it('never are our database and Redis, by whatever name they are configured', async () => {
    const parts = partsFor(
      { PROXY_ALLOW_PRIVATE_CIDRS: '10.0.0.0/8', DB_HOST: 'db.internal', DB_PORT: '15432' },
      { 'db.internal': ['10.0.0.5'], 'other.internal': ['10.0.0.5'], 'redis.internal': ['10.0.0.6'] },
    );
    parts.own.addService('redis.internal', 16379);
    await expect(parts.guard.check('http://10.0.0.5:15432/', 'instance')).rejects.toMatchObject(REFUSED);
    await expect(parts.guard.check('http://other.internal:15432/', 'target')).rejects.toMatchObject(REFUSED);
    await expect(parts.guard.check('http://10.0.0.6:16379/', 'target')).rejects.toMatchObject(REFUSED);
    await expect(parts.guard.check('http://10.0.0.5:8000/', 'target')).resolves.toBeDefined();
  });

  it('are trusted host:ports for instances, not for what a caller types', async () => {
    const machine = { name: 'own', url: `http://127.0.0.1:${port}`, gpu_model: 'L4', gpu_count: 1 };
    const parts = partsFor({ STATIC_MACHINES: JSON.stringify([machine]) });
    await expect(parts.guard.check(`http://127.0.0.1:${port}/`, 'instance')).resolves.toBeDefined();
    await expect(parts.guard.check(`http://127.0.0.1:${port}/`, 'target')).rejects.toMatchObject(REFUSED);
    await expect(parts.guard.check(`http://127.0.0.1:${port - 1}/`, 'instance')).rejects.toMatchObject(
      REFUSED,
    );
    parts.trusted.remove(`http://127.0.0.1:${port}`);
    await expect(parts.guard.check(`http://127.0.0.1:${port}/`, 'instance')).rejects.toMatchObject(REFUSED);
  });
});

describe('a name that changes its address', () => {
  it('is refused when it turns private between check and connect', async () => {
    let asked = 0;
    const flipping = { 'rebind.test': () => [asked++ === 0 ? '93.184.216.34' : '127.0.0.1'] };
    await expect(reach(`http://rebind.test:${port}/`, partsFor({}, flipping))).rejects.toMatchObject(REFUSED);
    expect({ asked, connectionsSeen }).toEqual({ asked: 2, connectionsSeen: 0 });
  });

  it('is refused when the peer of the socket is not the checked address', () => {
    const { guard } = partsFor();
    expect(() => guard.confirmPeer('a.test', '127.0.0.1', ['93.184.216.34'])).toThrow('target_not_allowed');
    expect(() => guard.confirmPeer('a.test', undefined, ['93.184.216.34'])).toThrow('target_not_allowed');
    expect(() => guard.confirmPeer('a.test', '::ffff:1.2.3.4', ['1.2.3.4'])).not.toThrow();
  });

  it('answers 502 material, not a refusal, when it does not resolve', async () => {
    await expect(partsFor().guard.check('http://nowhere.test/', 'target')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });
});
