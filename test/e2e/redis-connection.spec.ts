import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisBroadcast } from '../../src/redis/redis-broadcast.js';
import type { RedisCommands } from '../../src/redis/redis-commands.js';
import { RedisUnavailable } from '../../src/redis/redis.errors.js';
import { startBlackHoleProxy, type BlackHoleProxy } from '../support/black-hole-proxy.js';
import { createPlace, RunningApp } from '../support/redis-apps.js';
import { openRedisCommands, redisTestConfig } from '../support/redis-commands.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { eventually, quietLogs } from '../support/running-daemon.js';

const PING = (commands: RedisCommands): Promise<string> => commands.run((redis) => redis.ping());

describe('the connection for commands', () => {
  quietLogs();
  let server: RedisServer;
  let proxy: BlackHoleProxy;
  let commands: RedisCommands;
  let restored: number;

  beforeEach(async () => {
    server = await startRedis();
    proxy = await startBlackHoleProxy(server.port);
    restored = 0;
    const config = redisTestConfig(server, { REDIS_PORT: String(proxy.port) });
    commands = await openRedisCommands(config, (redis) => redis.beforeUse(async () => (restored += 1)));
  });
  afterEach(async () => {
    await commands.onApplicationShutdown();
    await proxy.close();
    await server.stop();
  });

  const refusal = (): Promise<unknown> => expect(PING(commands)).rejects.toThrow(RedisUnavailable);
  /** Whether a command is refused before the event loop comes round. */
  const isRefusedAtOnce = (): Promise<boolean> =>
    Promise.race([
      PING(commands).then(
        () => false,
        () => true,
      ),
      new Promise<boolean>((resolve) => {
        setImmediate(resolve, false);
      }),
    ]);
  const untilAvailable = (): Promise<unknown> => eventually(async () => commands.isAvailable);

  it('is in use once it was made ready for it', async () => {
    expect([commands.isConfigured, commands.isAvailable, restored]).toEqual([true, true, 1]);
    expect(await PING(commands)).toBe('PONG');
  });

  const FAULTS: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    ['is killed', () => server.kill(), () => server.restart()],
    ['falls silent', async () => proxy.swallow(), async () => proxy.restore()],
    [
      'takes 5 s',
      () => server.command('CLIENT', 'PAUSE', '5000', 'ALL'),
      () => server.kill().then(() => server.restart()),
    ],
  ];
  it.each(FAULTS)(
    'costs one wait of 50 ms when Redis %s, and is made ready again after',
    async (_, breakIt, mend) => {
      const listener = vi.fn();
      commands.onLost(listener);
      await breakIt();
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: 20 }, refusal));
      expect(performance.now() - startedAt).toBeLessThan(500);
      expect(await isRefusedAtOnce()).toBe(true);
      expect([commands.isAvailable, listener.mock.calls.length, restored]).toEqual([false, 1, 1]);
      await mend();
      await untilAvailable();
      expect(restored).toBe(2);
      expect(await PING(commands)).toBe('PONG');
    },
  );

  it('does not take a stall of its own process for silence', async () => {
    const direct = await openRedisCommands(redisTestConfig(server));
    const answer = PING(direct);
    const until = performance.now() + 200;
    while (performance.now() < until);
    expect(await answer).toBe('PONG');
    expect(direct.isAvailable).toBe(true);
    await direct.onApplicationShutdown();
  });

  it('counts a Redis that takes no writes as gone, until it does', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(commands.run((redis) => redis.set('a', 'b'))).rejects.toThrow(RedisUnavailable);
    await pause(500);
    expect(commands.isAvailable).toBe(false);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await untilAvailable();
  });

  it('is not used while it cannot be made ready', async () => {
    let isRefusing = true;
    const config = redisTestConfig(server);
    const other = await openRedisCommands(config, (redis) =>
      redis.beforeUse(() => (isRefusing ? Promise.reject(new Error('not yet')) : Promise.resolve())),
    );
    expect(other.isAvailable).toBe(false);
    isRefusing = false;
    await eventually(async () => other.isAvailable);
    await other.onApplicationShutdown();
  });

  it('knows how many processes there are', async () => {
    const others = [
      await openRedisCommands(redisTestConfig(server)),
      await openRedisCommands(redisTestConfig(server)),
    ];
    await eventually(async () => commands.processCount > 2);
    expect(commands.processCount).toBe(3);
    for (const other of others) await other.onApplicationShutdown();
    await eventually(async () => commands.processCount < 3, 3000);
    expect(commands.processCount).toBe(1);
  });

  it('says why it cannot log in, and never with which password', async () => {
    await server.command('CONFIG', 'SET', 'requirepass', 'right-password');
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const config = redisTestConfig(server, { REDIS_PASSWORD: 'wrong-password' });
    const other = await openRedisCommands(config);
    await other.onApplicationShutdown();
    const said = JSON.stringify(warn.mock.calls);
    warn.mockRestore();
    expect(other.isAvailable).toBe(false);
    expect(said).toContain('WRONGPASS');
    expect(said).not.toContain('wrong-password');
  });
});

describe('without REDIS_HOST', () => {
  it('nothing is opened, whatever else is set', async () => {
    const place = await createPlace('sqlite');
    const connect = vi.spyOn(Socket.prototype, 'connect');
    const app = await RunningApp.start({ ...place.env, REDIS_PORT: '6379', SESSION_MODE: 'balanced' });
    const broadcast = app.app.get(RedisBroadcast, { strict: false });
    await broadcast.publish('topic', 'news');
    await expect(PING(app.redis)).rejects.toThrow(RedisUnavailable);
    expect([app.redis.isConfigured, connect.mock.calls.length]).toEqual([false, 0]);
    connect.mockRestore();
    expect(await app.health()).toBe('ok');
    await app.close();
    await place.remove();
  });
});

describe('news between processes', () => {
  quietLogs();
  let server: RedisServer;
  let proxy: BlackHoleProxy;
  let closing: (() => Promise<void>)[];

  beforeEach(async () => {
    server = await startRedis();
    proxy = await startBlackHoleProxy(server.port);
    closing = [];
  });
  afterEach(async () => {
    for (const close of closing) await close();
    await proxy.close();
    await server.stop();
  });

  interface Listening {
    broadcast: RedisBroadcast;
    commands: RedisCommands;
    received: unknown[];
    missed: () => number;
  }

  const open = async (settings: Record<string, string> = {}): Promise<Listening> => {
    const config = redisTestConfig(server, settings);
    const received: unknown[] = [];
    let missed = 0;
    let broadcast: RedisBroadcast | undefined;
    const commands = await openRedisCommands(
      config,
      (redis) => (broadcast = new RedisBroadcast(config, redis)),
    );
    const news = broadcast as RedisBroadcast;
    news.listen('topic', { received: (message) => received.push(message), missed: () => (missed += 1) });
    news.onModuleInit();
    closing.push(async () => {
      news.onApplicationShutdown();
      await commands.onApplicationShutdown();
    });
    await eventually(async () => missed > 0);
    return { broadcast: news, commands, received, missed: () => missed };
  };

  it('reach all others, and no other database', async () => {
    const [sender, one, two, other] = [
      await open(),
      await open(),
      await open(),
      await open({ REDIS_DB: '1' }),
    ];
    await sender.broadcast.publish('topic', { a: 1 });
    await sender.broadcast.publish('another', 'x');
    await eventually(async () => one.received.length + two.received.length === 2);
    expect([one.received, two.received]).toEqual([[{ a: 1 }], [{ a: 1 }]]);
    expect([sender.received, other.received]).toEqual([[], []]);
  });

  it('are not believed to be complete after a connection was lost, be it cut or silent', async () => {
    const listening = await open({ REDIS_PORT: String(proxy.port) });
    proxy.swallow();
    await pause(100);
    proxy.restore();
    await eventually(async () => listening.missed() === 2);
    await server.kill();
    await server.restart();
    await eventually(async () => listening.missed() > 2);
    expect(listening.missed()).toBe(3);
  });

  it('that could not be told are owed', async () => {
    const sender = await open({ REDIS_PORT: String(proxy.port) });
    const listening = await open();
    proxy.swallow();
    await sender.broadcast.publish('topic', 'lost');
    proxy.restore();
    await eventually(async () => listening.missed() === 2);
    expect(listening.received).toEqual([]);
    await sender.broadcast.publish('topic', 'told');
    await eventually(async () => listening.received.length > 0);
    expect([listening.received, listening.missed()]).toEqual([['told'], 2]);
  });

  it('that nobody can read are passed over', async () => {
    const listening = await open();
    await server.command('PUBLISH', 'gpuproxy:0:topic', 'not JSON');
    await server.command('PUBLISH', 'gpuproxy:0:topic', 'null');
    await server.command('PUBLISH', 'gpuproxy:0:topic', JSON.stringify({ from: 'x', message: 'fine' }));
    await eventually(async () => listening.received.length > 0);
    expect(listening.received).toEqual(['fine']);
  });
});
