import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../../common/clock.js';
import { RoutingPublisher } from '../routing-publisher.js';
import { ModelDiscovery } from './model-discovery.service.js';

/** Requests that find nothing read the database this often at most, for each owner. */
const CATCH_UP_EVERY_MS = 1000;

/**
 * Second looks, for requests that would be refused: what this process knows may be a moment older than what a caller
 * has just been told, by the database or by another process.
 */
@Injectable()
export class ModelFreshness {
  private readonly logger = new Logger(ModelFreshness.name);
  private readonly caughtUpAt = new LRUCache<string, number>({ max: 10_000 });

  constructor(
    private readonly publisher: RoutingPublisher,
    private readonly discovery: ModelDiscovery,
    private readonly clock: Clock,
  ) {}

  /** Brings an owner's routing up to date; undefined when it just was. Never rejects. */
  catchUp(ownerId: string): Promise<void> | undefined {
    const now = this.clock.now();
    if (now - (this.caughtUpAt.get(ownerId) ?? 0) < CATCH_UP_EVERY_MS) return undefined;
    this.caughtUpAt.set(ownerId, now);
    return this.publisher.publishOwner(ownerId).catch((error: unknown) => {
      this.logger.warn({ msg: 'routing could not be read', err: error });
    });
  }

  /** The same for the models of an owner's instances, as `ModelDiscovery.freshen`. */
  freshen(ownerId: string, freshMs?: number): Promise<void> | undefined {
    const routing = this.catchUp(ownerId);
    return routing
      ? routing.then(() => this.discovery.freshen(ownerId, freshMs))
      : this.discovery.freshen(ownerId, freshMs);
  }
}
