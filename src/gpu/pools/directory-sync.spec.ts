import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
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

describe('DirectorySync', () => {
  let clock: ManualClock;
  let routing: Routing;
  let sync: DirectorySync;

  beforeEach(async () => {
    vi.useFakeTimers();
    clock = new ManualClock();
    routing = new Routing();
    sync = new DirectorySync(routing as never, routing as never, new EventBus(), clock);
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
