import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LiveSessions } from '../../src/streaming/live-sessions.js';
import { RawSocket } from '../../src/streaming/raw-socket.js';
import { RawPeer } from '../support/raw-peer.js';
import {
  eventually,
  runDaemon,
  signUp,
  type ApiCaller,
  type RunningDaemon,
} from '../support/running-daemon.js';
import { createPlace, RunningApp, type Place } from '../support/redis-apps.js';
import { WsClient } from '../support/ws-client.js';

describe('the plain WebSocket', () => {
  let running: RunningDaemon;
  let caller: ApiCaller;
  let ws: string;

  beforeAll(async () => {
    running = await runDaemon('sqlite');
    caller = await signUp(running.url);
    ws = `${running.url}/ws`;
  });
  afterAll(() => running.stop());

  it("obeys the document's snippet in developer mode: the public market and nothing else", async () => {
    const client = await WsClient.open(ws);
    client.send({ type: 'subscribe' });
    expect(await client.expect(({ type }) => type === 'subscribed')).toMatchObject({ channels: ['market'] });
    await client.expect(({ type }) => type === 'snapshot');
    await new Promise((resolve) => {
      setTimeout(resolve, 5500);
    });
    expect(client.closed).toBeUndefined();
    client.close();
  });

  it('takes a token as a sub-protocol, as browsers have to send it', async () => {
    const client = await WsClient.open(ws, {}, ['gpuproxy.v1', `bearer.${caller.key}`]);
    expect(client.socket.protocol).toBe('gpuproxy.v1');
    await client.expect(({ type }) => type === 'authenticated');
    client.close();
  });

  it('closes what is too big with 1009', async () => {
    const client = await WsClient.open(ws, { headers: { 'x-api-key': caller.key } });
    client.send(`"${'x'.repeat(2 * 1024 * 1024)}"`);
    expect(await client.expectClose()).toMatchObject({ code: 1009 });
  });

  it.each(['{', '[]', '"text"', 'null', ''])('answers the broken frame %j with an error', async (frame) => {
    const client = await WsClient.open(ws, { headers: { 'x-api-key': caller.key } });
    client.send(frame);
    expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code: 'malformed_frame' });
    client.close();
  });

  it('refuses credentials in the URL and bad ones before the upgrade', async () => {
    expect(await WsClient.refusal(`${ws}?token=${caller.key}`)).toBe(400);
    expect(await WsClient.refusal(ws, { headers: { authorization: 'Bearer nonsense' } })).toBe(401);
  });

  it('closes a message of 10 MB with 1009 before it is there', async () => {
    const client = await WsClient.open(ws, { headers: { 'x-api-key': caller.key } });
    client.send('x'.repeat(10 * 1024 * 1024));
    expect(await client.expectClose()).toMatchObject({ code: 1009 });
  });

  it.each([
    ['a frame that is not masked', [0x81, 0x02, 0x7b, 0x7d], 1002],
    ['reserved bits', [0xf1, 0x80, 0, 0, 0, 0], 1002],
    ['text that is not UTF-8', [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff], 1007],
    ['a length of four exabytes', [0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009],
  ])('closes %s with its code and lives on', async (_, bytes, code) => {
    const peer = await RawPeer.open(running.url, { 'x-api-key': caller.key });
    peer.socket.write(Buffer.from(bytes));
    expect(await peer.closeCode()).toBe(code);
    peer.socket.destroy();
    const next = await WsClient.open(ws, { headers: { 'x-api-key': caller.key } });
    await next.expect(({ type }) => type === 'authenticated');
    next.close();
  });

  it('lets go of a half-open peer, which answers no ping, and of nobody else', async () => {
    const { app } = running.daemon;
    const sessions = app.get(LiveSessions);
    await expect.poll(() => sessions.count).toBe(0);
    const peer = await RawPeer.open(running.url, { 'x-api-key': caller.key });
    const client = await WsClient.open(ws, { headers: { 'x-api-key': caller.key } });
    const pinged = once(client.socket, 'ping');
    app.get(RawSocket).pingAll();
    await pinged;
    expect(sessions.count).toBe(2);
    // A pong is an answer to the frame before it: the next ping finds it.
    client.send({ type: 'ping' });
    await client.expect(({ type }) => type === 'pong');
    const gone = once(peer.socket, 'close');
    app.get(RawSocket).pingAll();
    await gone;
    await expect.poll(() => sessions.count).toBe(1);
    client.close();
  });

  it('closes with 4401 when the key is revoked', async () => {
    const other = await signUp(running.url);
    const client = await WsClient.open(ws, { headers: { 'x-api-key': other.key } });
    await client.expect(({ type }) => type === 'authenticated');
    await other.revokeAllKeys();
    expect(await client.expectClose(20_000)).toMatchObject({ code: 4401 });
  });

  it('answers an unknown upgrade path at once', async () => {
    const { port } = new URL(running.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
    socket.destroy();
  });
});

describe('a reader that stops reading', () => {
  const MEBIBYTE = 1024 * 1024;
  const TOKENS = 100_000;
  let running: RunningDaemon;
  let caller: ApiCaller;
  let instanceId: string;
  let upstream: Server;
  let written = 0;

  /** 60 MiB. */
  function* tokens(): Generator<string> {
    const token = `data: ${JSON.stringify({ choices: [{ delta: { content: 'x'.repeat(600) } }] })}\n\n`;
    for (let count = 0; count < TOKENS; count += 1) {
      written += token.length;
      yield token;
    }
    yield 'data: [DONE]\n\n';
  }

  /** As fast as they are taken. */
  function stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    pipeline(Readable.from(tokens()), response).catch(() => undefined);
  }

  beforeAll(async () => {
    upstream = createServer((request, response) => {
      if (request.method === 'GET') response.end('{}');
      else stream(response);
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const machine = { name: 'own', url, gpu_model: 'RTX 4090', vram_gb: 24 };
    running = await runDaemon('sqlite', { STATIC_MACHINES: JSON.stringify([machine]) });
    caller = await signUp(running.url);
    const { body } = await caller.post<{ rental_id: string; instance_id: string }>(
      '/api/v1/gpu/instances/static/static-own',
      {},
    );
    instanceId = body.instance_id;
    const path = `/api/v1/gpu/rentals/${body.rental_id}`;
    await eventually(async () => (await caller.get<{ serving: boolean }>(path)).body.serving);
  });
  afterAll(async () => {
    await running.stop();
    upstream.closeAllConnections();
    upstream.close();
  });

  it('pauses the engine, and gets everything in order when it reads on', async () => {
    const client = await WsClient.open(`${running.url}/ws`, { headers: { 'x-api-key': caller.key } });
    await client.expect(({ type }) => type === 'authenticated');
    client.send({ type: 'infer', id: 'i', instance_id: instanceId, body: { messages: [] } });
    await client.expect(({ type }) => type === 'chunk');
    client.socket.pause();
    const settledAt = await eventually(async () => {
      const before = written;
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      return written === before && written;
    });
    expect(settledAt).toBeLessThan(24 * MEBIBYTE);
    client.socket.resume();
    await client.expect(({ type }) => type === 'completed', 60_000);
    const numbers = client.frames.filter(({ type }) => type === 'chunk').map(({ seq }) => seq);
    expect(numbers).toHaveLength(TOKENS);
    expect(numbers.at(-1)).toBe(TOKENS);
    client.close();
  });

  it('leaves nothing under way when it is let go', async () => {
    const client = await WsClient.open(`${running.url}/ws`, { headers: { 'x-api-key': caller.key } });
    client.send({ type: 'infer', id: 'i', instance_id: instanceId, body: { messages: [] } });
    await client.expect(({ type }) => type === 'chunk');
    client.socket.pause();
    client.close();
    const active = async (): Promise<number> => {
      const path = `/api/v1/loadbalancer/load?instance_id=${instanceId}`;
      return (await caller.get<{ active_connections: number }>(path)).body.active_connections;
    };
    await expect.poll(active, { timeout: 5000 }).toBe(0);
  });
});

describe('the plain WebSocket outside developer mode', () => {
  let running: RunningDaemon;

  beforeAll(async () => {
    running = await runDaemon('sqlite', { WS_PUBLIC_MARKET: 'false' });
  });
  afterAll(() => running.stop());

  it('gives a silent client five seconds', async () => {
    const client = await WsClient.open(`${running.url}/ws`);
    const begun = Date.now();
    expect(await client.expectClose()).toMatchObject({ code: 4408 });
    expect(Date.now() - begun).toBeGreaterThan(4500);
  });
});

describe('the plain WebSocket for customers', () => {
  let place: Place;
  let app: RunningApp;
  beforeAll(async () => {
    place = await createPlace('sqlite');
    app = await RunningApp.start({
      ...place.env,
      CORS_ORIGINS: 'https://app.example',
      PUBLIC_URL: 'https://gpu.example/base',
    });
  });
  afterAll(async () => {
    await app.close();
    await place.remove();
  });

  it.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example.evil',
    'null',
    'https://gpu.example:444',
  ])('is closed to pages of %s, even with a good key (L36)', async (origin) => {
    const { key } = await app.member(`${origin.length}@example.com`);
    expect(await WsClient.refusal(`${app.url}/ws`, { headers: { origin, 'x-api-key': key } })).toBe(403);
  });

  it('is open to pages that are listed or our own, and shows nothing before it knows who asks (L36)', async () => {
    const { access } = await app.member('page@example.com');
    for (const origin of ['https://app.example', 'https://gpu.example']) {
      const client = await WsClient.open(`${app.url}/ws`, { headers: { origin } });
      client.send({ type: 'subscribe' });
      expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code: 'unauthenticated' });
      client.send({ type: 'auth', token: access });
      await client.expect(({ type }) => type === 'authenticated');
      client.close();
    }
  });

  it('closes with 4401 when the login ends (L36, L20)', async () => {
    const { access } = await app.member('leaving@example.com');
    const client = await WsClient.open(`${app.url}/ws`, { headers: { authorization: `Bearer ${access}` } });
    await client.expect(({ type }) => type === 'authenticated');
    await app.call('POST', 'auth/logout-all', access);
    expect(await client.expectClose()).toMatchObject({ code: 4401 });
  });
});
