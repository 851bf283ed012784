import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { EventBus } from '../../src/common/event-bus.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { StreamHub } from '../../src/streaming/stream-hub.js';
import { createPostgresDatabase, type PostgresDatabase } from '../support/postgres-database.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { quietLogs, signUp, type ApiCaller } from '../support/running-daemon.js';
import { STREAM_TRANSPORTS, type StreamClient } from '../support/stream-clients.js';
import { WsClient, type Frame } from '../support/ws-client.js';

interface Process {
  app: NestFastifyApplication;
  url: string;
}

describe('two processes over one PostgreSQL and one Redis', () => {
  let database: PostgresDatabase;
  let redis: RedisServer;
  const processes: Process[] = [];
  let caller: ApiCaller;
  let userId: string;
  const clients: WsClient[] = [];

  beforeAll(async () => {
    quietLogs();
    database = await createPostgresDatabase();
    redis = await startRedis();
    for (let count = 0; count < 2; count += 1) {
      const secret = { JWT_SECRET: 'a secret of the tests that is long enough' };
      const config = loadConfig({ ...database.env, ...redis.env, ...secret }, { isDeveloper: true });
      const app = await createApp(config);
      await app.listen(0, '127.0.0.1');
      processes.push({ app, url: await app.getUrl() });
    }
    caller = await signUp(processes[0].url);
    userId = await idOf(caller);
  });
  afterAll(async () => {
    clients.forEach((client) => client.close());
    for (const { app } of processes) await app.close();
    await redis.stop();
    await database.drop();
  });

  async function idOf({ url, key }: ApiCaller): Promise<string> {
    const client = await WsClient.open(`${url}/ws`, { headers: { 'x-api-key': key } });
    client.send({ type: 'subscribe', channels: ['credits'] });
    await client.expect(({ type }) => type === 'snapshot');
    const [id] = processes[0].app.get(StreamHub).usersFollowing('credits');
    client.close();
    return id;
  }

  async function subscribe(process: Process, since?: number): Promise<WsClient> {
    const client = await WsClient.open(`${process.url}/ws`, { headers: { 'x-api-key': caller.key } });
    clients.push(client);
    client.send({
      type: 'subscribe',
      channels: ['credits'],
      ...(since === undefined ? {} : { since: { credits: since } }),
    });
    await client.expect(({ type }) => type === (since === undefined ? 'snapshot' : 'subscribed'));
    return client;
  }

  /** A warning that one of the processes has to tell. */
  const happen = ({ app }: Process, runwaySeconds: number): void =>
    app.get(EventBus).emit({ name: 'credits.low', userId, at: Date.now(), data: { runwaySeconds } });

  const heard = (client: WsClient): number[] =>
    client.frames
      .filter(({ type, data }: Frame) => type === 'event' && data?.name === 'credits.low')
      .map(({ data }) => Number(data?.runway_seconds));

  const numbers = (client: WsClient): number[] =>
    client.frames.filter(({ type }) => type === 'event').map(({ seq }) => Number(seq));

  it('tell each event exactly once to each subscriber, in the same order', async () => {
    const both = [await subscribe(processes[0]), await subscribe(processes[1])];
    for (let round = 0; round < 20; round += 1) happen(processes[round % 2], round);
    await expect
      .poll(() => both.map((client) => heard(client).length), { timeout: 15_000 })
      .toEqual([20, 20]);
    expect(heard(both[0])).toEqual(heard(both[1]));
    for (const client of both) {
      const seen = numbers(client);
      expect(seen).toEqual(seen.map((_, index) => seen[0] + index));
    }
  });

  it('lose nothing while Redis is away for five seconds, and nothing twice when it is back', async () => {
    const both = [await subscribe(processes[0]), await subscribe(processes[1])];
    await redis.kill();
    for (let round = 0; round < 6; round += 1) {
      happen(processes[round % 2], 100 + round);
      await delay(850);
    }
    await expect.poll(() => both.map((client) => heard(client).length), { timeout: 20_000 }).toEqual([6, 6]);
    await redis.restart();
    for (let round = 0; round < 4; round += 1) happen(processes[round % 2], 200 + round);
    await expect
      .poll(() => both.map((client) => heard(client).length), { timeout: 20_000 })
      .toEqual([10, 10]);
    expect(heard(both[0])).toEqual(heard(both[1]));
  });

  it('tell socket.io and WebSocket alike, each once', async () => {
    const clients: StreamClient[] = [];
    for (const { url } of processes)
      for (const { open } of STREAM_TRANSPORTS) clients.push(await open(url, caller.key));
    for (const client of clients) {
      client.send({ type: 'subscribe', channels: ['credits'] });
      await client.expect(({ type }) => type === 'snapshot');
    }
    for (let round = 0; round < 10; round += 1) happen(processes[round % 2], 400 + round);
    const told = ({ frames }: StreamClient): unknown[] =>
      frames.filter(({ data }) => data?.name === 'credits.low').map(({ seq }) => seq);
    await expect
      .poll(() => clients.map((client) => told(client).length), { timeout: 15_000 })
      .toEqual([10, 10, 10, 10]);
    for (const client of clients) expect(told(client)).toEqual(told(clients[0]));
    clients.forEach((client) => client.close());
  });

  it('let a client that was away with Redis resume by its number', async () => {
    const before = await subscribe(processes[0]);
    happen(processes[0], 500);
    const last = await before.expect(({ type, data }) => type === 'event' && data?.runway_seconds === 500);
    await redis.kill();
    before.close();
    for (let round = 1; round <= 5; round += 1) happen(processes[round % 2], 500 + round);
    const after = await subscribe(processes[1], last.seq);
    await expect.poll(() => heard(after), { timeout: 15_000 }).toHaveLength(5);
    await redis.restart();
    expect(new Set(heard(after))).toEqual(new Set([501, 502, 503, 504, 505]));
    expect(numbers(after)).toEqual(numbers(after).map((_, index) => Number(last.seq) + 1 + index));
  });

  it('let a client resume at the other process', async () => {
    const first = await subscribe(processes[0]);
    happen(processes[0], 300);
    const last = await first.expect(({ type, data }) => type === 'event' && data?.runway_seconds === 300);
    first.close();
    happen(processes[0], 301);
    const second = await subscribe(processes[1], last.seq);
    await second.expect(({ type, data }) => type === 'event' && data?.runway_seconds === 301);
    expect(numbers(second)[0]).toBe(Number(last.seq) + 1);
  });
});
