import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { RedisBroadcast } from '../../redis/redis-broadcast.js';
import { STRATEGY_CHANGED } from '../../loadbalancer/loadbalancer.events.js';
import type { Rental } from '../rentals/rental.entity.js';
import { PoolRepository } from './pool.repository.js';
import { RoutingPublisher } from './routing-publisher.js';

/** How often a process looks for changes that others made. */
const FOLLOW_INTERVAL_MS = 1000;
/** Clocks of processes differ, and a change may commit later than it was stamped. */
const FOLLOW_OVERLAP_MS = 60_000;
const TOPIC = 'routing';

/**
 * Keeps this process's routing (directories and balancer) equal to the database: everything at start, one owner
 * after each change made here, and the owners that other processes touched: at once when Redis brings the news, within a
 * second without it.
 */
@Injectable()
export class DirectorySync implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(DirectorySync.name);
  /** The stamp of each owner's last change that this process has published. */
  private readonly published = new LRUCache<string, number>({ max: 10_000 });
  /** Owners whose change could not be made known. */
  private readonly behind = new Set<string>();
  private timer?: NodeJS.Timeout;
  private isFollowing = false;

  constructor(
    private readonly pools: PoolRepository,
    private readonly publisher: RoutingPublisher,
    private readonly events: EventBus,
    private readonly clock: Clock,
    private readonly broadcast: RedisBroadcast,
  ) {
    broadcast.listen(TOPIC, {
      received: (userId) => void this.heard(userId),
      missed: () => void this.follow(),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.publisher.publishAll();
    this.events.on(STRATEGY_CHANGED, ({ userId }) => {
      if (userId !== undefined) void this.ownerChanged(userId);
    });
    this.timer = setInterval(() => void this.follow(), FOLLOW_INTERVAL_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /**
   * To be called after every committed change that routing depends on. Never throws: the change is made, and routing
   * that could not follow is tried again within a second.
   */
  async ownerChanged(userId: string): Promise<void> {
    try {
      await this.pools.touchOwner(userId, this.clock.now());
      void this.broadcast.publish(TOPIC, userId);
      await this.publish(userId, await this.pools.stampOf(userId));
      this.behind.delete(userId);
    } catch (error) {
      this.behind.add(userId);
      this.warn(error);
    }
  }

  /** Ahead of a change that ends its traffic; `ownerChanged` makes it good again when the change does not happen. */
  fence(rental: Rental): void {
    this.publisher.fence(rental);
  }

  /** Ahead of a change that begins its traffic, as `fence`. */
  admit(rental: Rental): void {
    this.publisher.admit(rental);
  }

  /** What cannot be read now is found at the next look. */
  private async heard(userId: unknown): Promise<void> {
    if (typeof userId !== 'string') return;
    try {
      const stamp = await this.pools.stampOf(userId);
      if (this.published.get(userId) !== stamp) await this.publish(userId, stamp);
    } catch (error) {
      this.warn(error);
    }
  }

  private async follow(): Promise<void> {
    if (this.isFollowing) return;
    this.isFollowing = true;
    try {
      for (const userId of this.behind) await this.ownerChanged(userId);
      await this.followOthers();
    } catch (error) {
      this.warn(error);
    } finally {
      this.isFollowing = false;
    }
  }

  private async followOthers(): Promise<void> {
    const since = this.clock.now() - FOLLOW_OVERLAP_MS;
    for (const { id: userId, changedAt } of await this.pools.changedOwners(since)) {
      if (this.published.get(userId) !== changedAt) await this.publish(userId, changedAt);
    }
  }

  /** `stamp` was read before: a change that comes later has a later one, and is not taken for published. */
  private async publish(userId: string, stamp: number): Promise<void> {
    await this.publisher.publishOwner(userId);
    this.published.set(userId, stamp);
  }

  private warn(error: unknown): void {
    this.logger.warn({ msg: 'routing could not be brought up to date, will be repeated', err: error });
  }
}
