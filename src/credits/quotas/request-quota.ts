import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import { quotaExceeded } from '../credits.errors.js';
import type { CreditQuota } from './credit-quota.entity.js';
import { QuotaRepository } from './quota.repository.js';
import { QuotaSettings } from './quota-settings.js';

/** Counted ahead, at most and as a part of what is left: a killed process loses no more than that. */
const MOST_AHEAD = 100;
const PART_AHEAD = 20;
/** A limit set elsewhere is seen after that. */
const UNLIMITED_FOR_MS = 5000;
const IDLE_AFTER_MS = 15_000;
const LOOK_EVERY_MS = 5000;
const MOST_REMEMBERED = 50_000;

/** Requests that were counted ahead and may be let in without asking. */
interface Share {
  left: number;
  lastUsedAt: number;
}

/**
 * Requests that a user may still make. They are counted some at a time, so that most are let in without SQL; what is
 * not used is given back.
 */
@Injectable()
export class RequestQuota implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RequestQuota.name);
  /** Users without a limit, and until when that is believed without another look. */
  private readonly unlimited = new LRUCache<string, number>({ max: MOST_REMEMBERED });
  private readonly shares = new Map<string, Share>();
  private readonly draws = new Map<string, Promise<void>>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly quotas: QuotaRepository,
    private readonly settings: QuotaSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts a request: at once as a rule.
   * @throws (rejects) quota_exceeded
   */
  take(userId: string): Promise<void> | undefined {
    const now = this.clock.now();
    const believedUntil = this.unlimited.get(userId);
    if (believedUntil !== undefined) {
      if (believedUntil < now) this.lookAgain(userId, now);
      return undefined;
    }
    return this.takeOfShare(userId, now) ? undefined : this.takeLater(userId);
  }

  /** The request was not let in after all. */
  giveBack(userId: string): void {
    const share = this.shares.get(userId);
    if (share) share.left++;
  }

  /** A limit was set or lifted. */
  forget(userId: string): void {
    this.unlimited.delete(userId);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.returnIdle(Number.POSITIVE_INFINITY);
  }

  private takeOfShare(userId: string, now: number): boolean {
    const share = this.shares.get(userId);
    if (!share || share.left === 0) return false;
    share.left--;
    share.lastUsedAt = now;
    return true;
  }

  private async takeLater(userId: string): Promise<void> {
    while (!this.unlimited.has(userId) && !this.takeOfShare(userId, this.clock.now())) {
      const draw = this.draws.get(userId) ?? this.startDraw(userId);
      await draw;
    }
  }

  /** One look in the database for all who wait. */
  private startDraw(userId: string): Promise<void> {
    const draw = this.draw(userId).finally(() => this.draws.delete(userId));
    this.draws.set(userId, draw);
    return draw;
  }

  private async draw(userId: string): Promise<void> {
    const quota = await this.settings.current(userId);
    if (!quota || quota.maxRequests === null) return this.believeUnlimited(userId);
    for (const count of new Set([aheadOf(quota), 1])) {
      if (await this.quotas.count(userId, 'requests', count)) return this.addShare(userId, count);
    }
    throw quotaExceeded('max_requests', quota);
  }

  /** Those who come meanwhile need not wait for it. */
  private lookAgain(userId: string, now: number): void {
    this.unlimited.set(userId, now + UNLIMITED_FOR_MS);
    this.settings.current(userId).then(
      (quota) => quota && quota.maxRequests !== null && this.unlimited.delete(userId),
      (error: unknown) => this.logger.warn({ msg: 'a quota could not be read', user_id: userId, err: error }),
    );
  }

  private believeUnlimited(userId: string): void {
    this.unlimited.set(userId, this.clock.now() + UNLIMITED_FOR_MS);
  }

  private addShare(userId: string, count: number): void {
    const share = this.shares.get(userId);
    if (share) share.left += count;
    else this.shares.set(userId, { left: count, lastUsedAt: this.clock.now() });
    this.timer ??= setTimeout(() => void this.tidy(), LOOK_EVERY_MS).unref();
  }

  private async tidy(): Promise<void> {
    await this.returnIdle(this.clock.now() - IDLE_AFTER_MS);
    this.timer = undefined;
    if (this.shares.size > 0) this.timer = setTimeout(() => void this.tidy(), LOOK_EVERY_MS).unref();
  }

  private async returnIdle(idleSince: number): Promise<void> {
    for (const [userId, { left, lastUsedAt }] of this.shares) {
      if (lastUsedAt > idleSince) continue;
      this.shares.delete(userId);
      if (left === 0) continue;
      await this.quotas.correct(userId, 'requests', -left).catch((error: unknown) => {
        this.logger.warn({ msg: 'counted requests not given back', user_id: userId, left, err: error });
      });
    }
  }
}

function aheadOf({ maxRequests, usedRequests }: CreditQuota): number {
  const left = (maxRequests ?? 0) - usedRequests;
  return Math.max(1, Math.min(MOST_AHEAD, Math.floor(left / PART_AHEAD)));
}
