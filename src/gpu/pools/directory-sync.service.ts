import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { PoolRepository } from './pool.repository.js';
import { RoutingPublisher } from './routing-publisher.js';
import { STRATEGY_CHANGED } from '../../loadbalancer/loadbalancer.events.js';

/** How often a process looks for changes that others made. */
const FOLLOW_INTERVAL_MS = 1000;
/** Clocks of processes differ, and a change may commit later than it was stamped. */
const FOLLOW_OVERLAP_MS = 10_000;

/**
 * Keeps this process's routing (directories and balancer) equal to the database: everything at start, one owner
 * after each change made here, and the owners that other processes touched.
 */
@Injectable()
export class DirectorySync implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(DirectorySync.name);
  private readonly seen = new Map<string, number>();
  private timer?: NodeJS.Timeout;
  private isFollowing = false;

  constructor(
    private readonly pools: PoolRepository,
    private readonly publisher: RoutingPublisher,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.publisher.publishAll();
    this.events.on(STRATEGY_CHANGED, ({ userId }) => this.followLater(userId));
    this.timer = setInterval(() => void this.follow(), FOLLOW_INTERVAL_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** To be called after every committed change that routing depends on. */
  async ownerChanged(userId: string): Promise<void> {
    const changedAt = this.clock.now();
    await this.pools.touchOwner(userId, changedAt);
    this.seen.set(userId, changedAt);
    await this.publisher.publishOwner(userId);
  }

  private followLater(userId: string | undefined): void {
    if (userId === undefined) return;
    this.ownerChanged(userId).catch((error: unknown) => this.warn(error));
  }

  private async follow(): Promise<void> {
    if (this.isFollowing) return;
    this.isFollowing = true;
    try {
      await this.followChanges();
    } catch (error) {
      this.warn(error);
    } finally {
      this.isFollowing = false;
    }
  }

  private async followChanges(): Promise<void> {
    for (const { id: userId, changedAt } of await this.pools.changedOwners(
      this.clock.now() - FOLLOW_OVERLAP_MS,
    )) {
      if ((this.seen.get(userId) ?? 0) >= changedAt) continue;
      await this.publisher.publishOwner(userId);
      this.seen.set(userId, changedAt);
    }
  }

  private warn(error: unknown): void {
    this.logger.warn({ msg: 'routing could not be brought up to date, will be repeated', err: error });
  }
}
