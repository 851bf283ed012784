import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDaemon, signUp, type ApiCaller, type RunningDaemon } from '../support/running-daemon.js';
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

  it('closes with 4401 when the key is revoked', async () => {
    const login = await fetch(`${running.url}/api/v1/auth/apikey`, { headers: { 'x-api-key': caller.key } });
    expect(login.status).toBe(403);
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
