import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { ProbeClient } from '../../../egress/probe.client.js';
import { InstanceDirectory } from '../instance.directory.js';
import { PoolDirectory } from '../pool.directory.js';
import { readModelListing } from './model-listing.js';
import { ModelDirectory } from './model.directory.js';
import { serviceOf, type ModelService } from './model-service.js';

const ASK_EVERY_MS = 60_000;
/** After an answer that said nothing about models, or none at all. */
const ASK_AGAIN_MS = 10_000;
/** Somebody wants a model that nobody has: adapters are loaded at run time, so an older answer is asked for again. */
const FRESH_MS = 5000;
const ROUND_EVERY_MS = 1000;
const ASK_TIMEOUT_MS = 5000;
/** How long a request waits for instances that were not asked yet. */
const LONGEST_WAIT_MS = 2000;
const MOST_AT_ONCE = 100;
const MOST_BYTES = 1_048_576;

interface Inquiry {
  service: ModelService;
  /** Undefined before the first question. */
  askedAt?: number;
  nextAt: number;
  underWay?: Promise<void>;
}

/**
 * Asks every serving instance which models it has, when it begins to serve and then every minute, in each process of
 * its own. Whoever does not answer has only what its pool's owner declared; an instance that stops serving keeps what
 * it had, so that a request for its model is told that nobody is healthy and not that there is no such model.
 */
@Injectable()
export class ModelDiscovery implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(ModelDiscovery.name);
  private readonly byOwner = new Map<string, Map<string, Inquiry>>();
  private timer?: NodeJS.Timeout;
  private underWay = 0;

  constructor(
    private readonly client: ProbeClient,
    private readonly pools: PoolDirectory,
    private readonly instances: InstanceDirectory,
    private readonly directory: ModelDirectory,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.pools.onReplaced((ownerId) => this.follow(ownerId));
    this.timer = setInterval(() => this.askDue(), ROUND_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /**
   * Asks whoever was never asked, or not for `freshMs`, and waits a little for the answers; undefined when there is
   * nothing to wait for. Never rejects.
   */
  freshen(ownerId: string, freshMs = FRESH_MS): Promise<void> | undefined {
    const before = this.clock.now() - freshMs;
    const isStale = ({ underWay, askedAt }: Inquiry): boolean =>
      underWay !== undefined || askedAt === undefined || askedAt <= before;
    const stale = [...(this.byOwner.get(ownerId)?.values() ?? [])]
      .filter((inquiry) => inquiry.service.isServing && isStale(inquiry))
      .sort((a, b) => (a.askedAt ?? 0) - (b.askedAt ?? 0))
      .slice(0, MOST_AT_ONCE);
    if (stale.length === 0) return this.directory.settle(ownerId) ? Promise.resolve() : undefined;
    return this.hearAll(ownerId, stale);
  }

  private async hearAll(ownerId: string, inquiries: readonly Inquiry[]): Promise<void> {
    const answers = Promise.all(inquiries.map((inquiry) => this.ask(inquiry)));
    await Promise.race([answers, elapsed(LONGEST_WAIT_MS)]);
    this.directory.settle(ownerId);
  }

  private askDue(): void {
    const now = this.clock.now();
    for (const inquiries of this.byOwner.values()) {
      for (const inquiry of inquiries.values()) {
        if (this.underWay >= MOST_AT_ONCE) return;
        if (inquiry.service.isServing && inquiry.nextAt <= now) void this.ask(inquiry);
      }
    }
  }

  private follow(ownerId: string): void {
    const before = this.byOwner.get(ownerId);
    const services = this.servicesOf(ownerId);
    const now = new Map<string, Inquiry>();
    for (const [key, service] of services) {
      const known = before?.get(key);
      const inquiry = known ?? { service, nextAt: 0 };
      const beginsToServe = service.isServing && !(known?.service.isServing ?? false);
      inquiry.service = service;
      now.set(key, inquiry);
      if (beginsToServe) inquiry.nextAt = 0;
      if (beginsToServe && this.underWay < MOST_AT_ONCE) void this.ask(inquiry);
    }
    this.byOwner.set(ownerId, now);
    before?.forEach(({ service }, key) => {
      if (!now.has(key)) this.directory.learn(service, undefined);
    });
  }

  private servicesOf(ownerId: string): Map<string, ModelService> {
    const services = new Map<string, ModelService>();
    for (const pool of this.pools.ofOwner(ownerId)) {
      for (const instanceId of pool.memberIds) {
        const service = serviceOf(pool, instanceId, this.instances);
        if (service) services.set(service.key, service);
      }
    }
    return services;
  }

  private ask(inquiry: Inquiry): Promise<void> {
    inquiry.underWay ??= this.inquire(inquiry).finally(() => {
      inquiry.underWay = undefined;
      this.underWay -= 1;
    });
    return inquiry.underWay;
  }

  private async inquire(inquiry: Inquiry): Promise<void> {
    this.underWay += 1;
    const { service } = inquiry;
    inquiry.askedAt = this.clock.now();
    inquiry.nextAt = inquiry.askedAt + ASK_AGAIN_MS;
    try {
      const isClear = await this.hear(service);
      if (isClear) inquiry.nextAt = inquiry.askedAt + ASK_EVERY_MS;
    } catch (error) {
      this.logger.debug({ msg: 'models not told', instance_id: service.instanceId, err: error });
    }
  }

  /** False when the answer leaves everything as it was: a server in trouble has not unloaded its models. */
  private async hear(service: ModelService): Promise<boolean> {
    const { status, body } = await this.client.get(new URL('/v1/models', service.origin).href, {
      timeoutMs: ASK_TIMEOUT_MS,
      headers: service.headers,
      maxBytes: MOST_BYTES,
    });
    if (status >= 500) return false;
    const isOk = status >= 200 && status < 300;
    if (this.isKnown(service)) this.directory.learn(service, isOk ? readModelListing(body) : undefined);
    return true;
  }

  /** It may be gone by the time it answers. */
  private isKnown({ ownerId, key }: ModelService): boolean {
    return this.byOwner.get(ownerId)?.has(key) ?? false;
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
