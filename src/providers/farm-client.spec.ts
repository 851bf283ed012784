import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../common/clock.js';
import { isDomainError } from '../common/domain-error.js';
import { FarmClient, type FarmCall } from './farm-client.js';
import { ProviderHttp } from './provider-http.js';

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
};
const html = (status: number): Reply => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>');
  };
};
const cut: Reply = (request) => request.socket.destroy();
const cutMidBody: Reply = (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"success":', () => request.socket.destroy());
};

const clock = new SystemClock();
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Farm {
  client: FarmClient<'only'>;
  seen: IncomingMessage[];
}

/** A farm that gives the replies in turn, the last one for ever. */
async function openFarm(
  replies: Reply[],
  { timeoutMs = 1000, perMs = 0, rateScale = 0 } = {},
): Promise<Farm> {
  const seen: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request);
    request.resume();
    const reply = replies[Math.min(seen.length, replies.length) - 1];
    request.on('end', () => reply(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { client: newClient((server.address() as AddressInfo).port, { timeoutMs, perMs, rateScale }), seen };
}

function newClient(port: number, { timeoutMs = 1000, perMs = 0, rateScale = 0 } = {}): FarmClient<'only'> {
  const http = new ProviderHttp(timeoutMs, clock);
  closers.push(() => http.close());
  return new FarmClient(
    {
      provider: 'vast.ai',
      baseUrl: `http://127.0.0.1:${port}`,
      headers: { authorization: 'Bearer secret-key' },
      rates: { only: { calls: 1, perMs } },
      rateScale,
    },
    http,
    clock,
  );
}

const READ: FarmCall<'only'> = { method: 'GET', path: '/x', lane: 'only', isRepeatable: true };
const RENT: FarmCall<'only'> = {
  method: 'PUT',
  path: '/x',
  lane: 'only',
  json: { a: 1 },
  isRepeatable: false,
};

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isDomainError(error)) return error.code;
  throw error ?? new Error('no error');
}

describe('a read', () => {
  it.each([
    ['a cut connection', cut],
    ['a body that breaks off', cutMidBody],
    ['a 502 page', html(502)],
    ['a 503', json(503, {})],
    ['a 504 page', html(504)],
  ])('is repeated after %s', async (_, trouble) => {
    const { client, seen } = await openFarm([trouble, trouble, json(200, { ok: true })]);
    expect((await client.call(READ, {})).body).toEqual({ ok: true });
    expect(seen).toHaveLength(3);
  });

  it('is given up after three tries', async () => {
    const { client, seen } = await openFarm([html(502)]);
    expect(await codeOf(client.call(READ, {}))).toBe('provider_unavailable');
    expect(seen).toHaveLength(3);
  });

  it('is not repeated after a plain refusal, whose reading is the adapter’s work', async () => {
    const { client, seen } = await openFarm([json(404, { error: 'no_such_instance' })]);
    expect(await client.call(READ, {})).toMatchObject({ status: 404, body: { error: 'no_such_instance' } });
    expect(seen).toHaveLength(1);
  });

  it('waits as long as a 429 says', async () => {
    const { client } = await openFarm([json(429, {}, { 'retry-after': '0.3' }), json(200, {})], {
      rateScale: 1,
    });
    const started = Date.now();
    await client.call(READ, {});
    expect(Date.now() - started).toBeGreaterThanOrEqual(290);
  });

  it('fails at once when a 429 asks for more patience than the caller has', async () => {
    const { client, seen } = await openFarm([json(429, {}, { 'retry-after': '30' })], { rateScale: 1 });
    expect(await codeOf(client.call(READ, { patienceMs: 1000 }))).toBe('provider_rate_limited');
    expect(seen).toHaveLength(1);
  });

  it('pauses its endpoint for all after a 429', async () => {
    const { client } = await openFarm([json(429, {}, { 'retry-after': '60' })], { rateScale: 1 });
    await codeOf(client.call(READ, { patienceMs: 10 }));
    expect(client.delayMs('only', 0)).toBeGreaterThan(55_000);
  });

  it('does not follow a redirect with the key', async () => {
    const { client, seen } = await openFarm([json(302, {}, { location: '/elsewhere' })]);
    expect((await client.call(READ, {})).status).toBe(302);
    expect(seen.map(({ url }) => url)).toEqual(['/x']);
  });

  it('refuses an answer without end', { timeout: 30_000 }, async () => {
    const flood: Reply = (_, response) => {
      const chunk = 'x'.repeat(1024 * 1024);
      const pour = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', pour);
      };
      response.writeHead(200);
      pour();
    };
    const { client } = await openFarm([flood], { timeoutMs: 10_000 });
    expect(await codeOf(client.call(READ, {}))).toBe('provider_unavailable');
  });

  it('names itself and sends the key', async () => {
    const { client, seen } = await openFarm([json(200, {})]);
    await client.call(READ, {});
    expect(seen[0].headers).toMatchObject({ authorization: 'Bearer secret-key', accept: 'application/json' });
    expect(seen[0].headers['user-agent']).toMatch(/^aiserve-gpuproxy/);
  });
});

describe('a read that its caller gives up', () => {
  it('fails as the farm’s fault while it waits to try again', async () => {
    const { client } = await openFarm([html(502)], { rateScale: 1 });
    expect(await codeOf(client.call(READ, { signal: AbortSignal.timeout(50) }))).toBe('provider_unavailable');
  });
});

describe('a rent', () => {
  it.each([
    ['a cut connection', cut],
    ['a body that breaks off', cutMidBody],
    ['a 502 page', html(502)],
    ['a 504 page', html(504)],
    ['a 500', json(500, {})],
    ['a success that cannot be read', html(200)],
    ['silence', () => undefined],
  ])('has an unknown outcome after %s, and is sent once', async (_, trouble) => {
    const { client, seen } = await openFarm([trouble], { timeoutMs: 200 });
    expect(await codeOf(client.call(RENT, {}))).toBe('rent_outcome_unknown');
    expect(seen).toHaveLength(1);
  });

  it('has not happened when the farm cannot be reached', async () => {
    expect(await codeOf(newClient(9).call(RENT, {}))).toBe('provider_unavailable');
  });

  it('is sent again after a 429, and refused as rate limited when there is no end to them', async () => {
    const willing = await openFarm([json(429, {}), json(429, {}), json(200, { new_contract: 1 })]);
    expect((await willing.client.call(RENT, {})).body).toEqual({ new_contract: 1 });
    const unwilling = await openFarm([json(429, {})]);
    expect(await codeOf(unwilling.client.call(RENT, {}))).toBe('provider_rate_limited');
  });

  it('is refused as busy before it is sent when the queue is longer than 60 s', async () => {
    const { client, seen } = await openFarm([json(200, {})], { perMs: 50_000, rateScale: 1 });
    await client.call(RENT, {});
    const queued = client.call(RENT, {});
    expect(await codeOf(client.call(RENT, {}))).toBe('provider_busy');
    expect(seen).toHaveLength(1);
    queued.catch(() => undefined);
  });

  it('waits as long as its signal allows when it has one', async () => {
    const { client } = await openFarm([json(200, {})], { perMs: 100_000, rateScale: 1 });
    await client.call(RENT, {});
    const started = Date.now();
    expect(await codeOf(client.call(RENT, { signal: AbortSignal.timeout(100) }))).toBe('provider_busy');
    expect(Date.now() - started).toBeGreaterThanOrEqual(90);
  });
});

describe('a stream', () => {
  it('is read for a while and cut to its tail', async () => {
    const endless: Reply = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\ndata: second\n\n');
    };
    const { client } = await openFarm([endless]);
    const answer = await client.stream(READ, { maxMs: 250, maxBytes: 15 }, {});
    expect(answer.text).toBe('data: second\n\n'.padStart(15, '\n'));
  });
});
