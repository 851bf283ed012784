import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RateLimiter } from '../../src/auth/rate-limiting/rate-limiter.js';
import type { RateDecision, RatePolicy } from '../../src/auth/rate-limiting/rate-policy.js';
import { ManualClock, SystemClock, type Clock } from '../../src/common/clock.js';
import type { RedisCommands } from '../../src/redis/redis-commands.js';
import { openRedisCommands, redisTestConfig } from '../support/redis-commands.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { eventually, quietLogs } from '../support/running-daemon.js';

const POLICY: RatePolicy = { name: 'test', limit: 100, windowMs: 3_600_000 };

/** One process: its own connection and its own view. */
interface Process {
  commands: RedisCommands;
  limiter: RateLimiter;
}

type Take = (process: Process, round: number) => RateDecision | Promise<RateDecision>;

describe('rate limits of several processes', () => {
  quietLogs();
  let server: RedisServer;
  let processes: Process[];

  beforeEach(async () => {
    server = await startRedis();
    processes = [];
  });
  afterEach(async () => {
    for (const { commands } of processes) await commands.onApplicationShutdown();
    await server.stop();
  });

  /** Processes that know of each other. */
  const start = async (count: number, clock: Clock = new SystemClock()): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const commands = await openRedisCommands(redisTestConfig(server));
      processes.push({ commands, limiter: new RateLimiter(clock, commands) });
    }
    const all = processes.length;
    await eventually(async () => processes.every(({ commands }) => commands.processCount === all));
  };
  const untilLost = (): Promise<unknown> =>
    eventually(async () => processes.every(({ commands }) => !commands.isAvailable));
  const exactly: Take = async ({ limiter }) => (await limiter.takeExactly([{ policy: POLICY, key: 'k' }]))[0];
  const shared: Take = ({ limiter }) => limiter.takeShared(POLICY, 'k');

  /** All at once, spread over the processes; answers how many were allowed. */
  const burst = async (requests: number, take: Take): Promise<number> => {
    const rounds = Array.from({ length: requests }, async (_, round) =>
      take(processes[round % processes.length], round),
    );
    return (await Promise.all(rounds)).filter(({ isAllowed }) => isAllowed).length;
  };

  it('are one bucket on the control plane, to the last request', async () => {
    await start(3);
    expect(await burst(600, exactly)).toBe(100);
  });

  it('are one bucket on the data plane, within a tenth', async () => {
    await start(4);
    const allowed = await burst(2000, shared);
    expect(allowed).toBeGreaterThanOrEqual(100);
    expect(allowed).toBeLessThanOrEqual(110);
    expect(await burst(100, shared)).toBe(0);
  });

  it('are decided without a word to Redis, which hears of them a moment later', async () => {
    await start(2);
    const decisions = Array.from({ length: 5 }, () => shared(processes[0], 0));
    expect(decisions.map((decision) => decision instanceof Promise)).toEqual(decisions.map(() => false));
    await eventually(async () => (await server.command('EXISTS', 'gpuproxy:rate:test:k')) === 1);
    await processes[1].limiter.takeShared(POLICY, 'k');
    await eventually(async () => processes[1].limiter.peek(POLICY, 'k').remaining === 94);
  });

  it('pay back what was too much', async () => {
    await start(2);
    const small: RatePolicy = { name: 'small', limit: 4, windowMs: 3000 };
    const take: Take = ({ limiter }) => limiter.takeShared(small, 'k');
    const startedAt = performance.now();
    let allowed = 0;
    while (performance.now() - startedAt < 3000) {
      allowed += await burst(6, take);
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    const seconds = (performance.now() - startedAt) / 1000;
    expect(allowed).toBeLessThanOrEqual(4 + (4 / 3) * seconds + processes.length);
    expect(allowed).toBeGreaterThanOrEqual(7);
  });

  it('do not believe the clocks of the processes', async () => {
    const clock = new ManualClock();
    await start(1, clock);
    expect(await burst(200, exactly)).toBe(100);
    clock.advance(2 * 3_600_000);
    expect(await burst(10, exactly)).toBe(0);
    clock.advance(-4 * 3_600_000);
    expect(await burst(10, exactly)).toBe(0);
  });

  describe('when Redis dies', () => {
    it.each([
      ['control', exactly],
      ['data', shared],
    ])('go on as parts that begin nearly empty, on the %s plane', async (_, take) => {
      await start(4);
      expect(await burst(100, take)).toBe(100);
      await server.kill();
      await untilLost();
      expect(await burst(2000, take)).toBeLessThanOrEqual(20);
      expect(processes.every(({ limiter }) => limiter.degradedCount > 0)).toBe(true);
    });

    it('let everybody do a little at once, and the part of the rate from then on', async () => {
      const clock = new ManualClock();
      await start(2, clock);
      await server.kill();
      await untilLost();
      expect(await burst(400, exactly)).toBe(10);
      clock.advance(POLICY.windowMs / 10);
      expect(await burst(400, exactly)).toBe(10);
      clock.advance(POLICY.windowMs * 2);
      expect(await burst(400, exactly)).toBe(100);
    });

    it('are half as generous where too much costs money', async () => {
      const clock = new ManualClock();
      await start(2, clock);
      const payment: RatePolicy = { ...POLICY, name: 'payment', isCautious: true };
      await server.kill();
      await untilLost();
      clock.advance(POLICY.windowMs);
      const take: Take = async ({ limiter }) =>
        (await limiter.takeExactly([{ policy: payment, key: 'k' }]))[0];
      expect(await burst(400, take)).toBe(50);
    });

    it('hold under load all the while', async () => {
      await start(2);
      let allowed = 0;
      let isDead = false;
      for (let round = 0; round < 60; round++) {
        allowed += await burst(10, round % 2 ? shared : exactly);
        if (round !== 8) continue;
        await server.kill();
        isDead = true;
      }
      expect(isDead).toBe(true);
      expect(allowed).toBeGreaterThanOrEqual(80);
      expect(allowed).toBeLessThanOrEqual(120);
    });

    it('begin anew when Redis comes back empty, and are one bucket again', async () => {
      await start(2);
      await burst(300, exactly);
      await server.kill();
      await untilLost();
      await server.restart();
      await eventually(async () => processes.every(({ commands }) => commands.isAvailable));
      expect(await burst(300, exactly)).toBe(100);
    });
  });
});
