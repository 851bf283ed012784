import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import type { BroadcastListener } from '../../redis/redis-broadcast.js';
import { DirectorySync } from './directory-sync.service.js';

Logger.overrideLogger(false);

/** The table of stamps, and what was published. */
class Routing {
  readonly stamps = new Map<string, number>();
  readonly published: string[] = [];
  isBroken = false;

  async touchOwner(id: string, now: number): Promise<void> {
    if (this.isBroken) throw new Error('the database is away');
    this.stamps.set(id, Math.max(now, (this.stamps.get(id) ?? 0) + 1));
  }
  async stampOf(id: string): Promise<number> {
    return this.stamps.get(id) ?? 0;
  }
  async changedOwners(since: number): Promise<{ id: string; changedAt: number }[]> {
    const rows = [...this.stamps].map(([id, changedAt]) => ({ id, changedAt }));
    return rows.filter(({ changedAt }) => changedAt >= since);
  }
  async publishAll(): Promise<void> {
    this.published.push('all');
  }
  async publishOwner(id: string): Promise<void> {
    if (this.isBroken) throw new Error('the database is away');
    this.published.push(id);
  }
}

/** What other processes are told, and a way to tell something as one of them. */
class News {
  readonly told: unknown[] = [];
  listener: BroadcastListener = { received: () => undefined, missed: () => undefined };

  listen(_: string, listener: BroadcastListener): void {
    this.listener = listener;
  }
  async publish(_: string, message: unknown): Promise<void> {
    this.told.push(message);
  }
}

describe('DirectorySync', () => {
  let news: News;
  let clock: ManualClock;
  let routing: Routing;
  let sync: DirectorySync;

  beforeEach(async () => {
    vi.useFakeTimers();
    clock = new ManualClock();
    routing = new Routing();
    news = new News();
    sync = new DirectorySync(routing as never, routing as never, new EventBus(), clock, news as never);
    await sync.onApplicationBootstrap();
    routing.published.length = 0;
  });
  afterEach(() => {
    sync.onApplicationShutdown();
    vi.useRealTimers();
  });

  const second = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

  it('publishes an own change once', async () => {
    await sync.ownerChanged('ann');
    await second();
    await second();
    expect(routing.published).toEqual(['ann']);
  });

  it('follows what others changed, also in the same millisecond and with a clock that is behind', async () => {
    await sync.ownerChanged('ann');
    await routing.touchOwner('ann', clock.now());
    await second();
    await routing.touchOwner('ann', clock.now() - 30_000);
    await second();
    await second();
    expect(routing.published).toEqual(['ann', 'ann', 'ann']);
  });

  it('tells others and hears of them, without waiting for the next look', async () => {
    await sync.ownerChanged('ann');
    expect(news.told).toEqual(['ann']);
    await routing.touchOwner('bob', clock.now());
    for (const message of ['bob', 'ann', { not: 'a user' }]) news.listener.received(message);
    await vi.advanceTimersByTimeAsync(0);
    expect(routing.published).toEqual(['ann', 'bob']);
    await routing.touchOwner('eve', clock.now());
    news.listener.missed();
    await vi.advanceTimersByTimeAsync(0);
    expect(routing.published).toEqual(['ann', 'bob', 'eve']);
  });

  it('does not fail the change when routing cannot follow, and makes it up', async () => {
    routing.isBroken = true;
    await sync.ownerChanged('ann');
    await second();
    expect(routing.published).toEqual([]);
    routing.isBroken = false;
    await second();
    await second();
    expect(routing.published).toEqual(['ann']);
  });
});
