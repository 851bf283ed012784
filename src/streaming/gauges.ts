import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CreditsView } from '../credits/credits.view.js';
import { LedgerService } from '../credits/ledger/ledger.service.js';
import { GpuSnapshots } from './gpu-snapshots.js';
import { MarketWatch } from './market-watch.js';
import { StreamHub } from './stream-hub.js';

const LOAD_EVERY_MS = 1000;
const CREDITS_EVERY_MS = 5000;
const MARKET_EVERY_MS = 10_000;

/** Looks at what changes all the time, as often as is useful and only while somebody wants to know. */
@Injectable()
export class StreamGauges implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(StreamGauges.name);
  private readonly timers: NodeJS.Timeout[] = [];
  private loads = new Map<string, object>();
  private credits = new Map<string, object>();

  constructor(
    private readonly hub: StreamHub,
    private readonly gpu: GpuSnapshots,
    private readonly ledger: LedgerService,
    private readonly market: MarketWatch,
  ) {}

  onApplicationBootstrap(): void {
    this.every(LOAD_EVERY_MS, () => this.sampleLoads());
    this.every(CREDITS_EVERY_MS, () => this.sampleCredits());
    this.every(MARKET_EVERY_MS, () => this.sampleMarket());
  }

  onApplicationShutdown(): void {
    this.timers.forEach((timer) => clearInterval(timer));
  }

  /** Rounds never overlap. */
  private every(intervalMs: number, sample: () => Promise<void>): void {
    let isBusy = false;
    const round = async (): Promise<void> => {
      if (isBusy) return;
      isBusy = true;
      await sample().catch((error: unknown) => this.logger.warn({ msg: 'gauge not read', err: error }));
      isBusy = false;
    };
    this.timers.push(setInterval(() => void round(), intervalMs).unref());
  }

  private async sampleLoads(): Promise<void> {
    const before = this.loads;
    this.loads = new Map();
    for (const userId of this.hub.usersWatchingLoad()) {
      const loads = await this.gpu.loads(userId);
      this.loads.set(userId, loads);
      if (isDeepStrictEqual(loads, before.get(userId))) continue;
      this.hub.gauge('load', { name: 'load.updated', ...loads }, userId);
    }
  }

  /** Every process with a subscriber looks; the database keeps the event single. */
  private async sampleCredits(): Promise<void> {
    const before = this.credits;
    this.credits = new Map();
    for (const userId of this.hub.usersFollowing('credits')) {
      const data = { name: 'credits.updated', ...CreditsView.from(await this.ledger.balanceOf(userId)) };
      this.credits.set(userId, data);
      if (isDeepStrictEqual(data, before.get(userId))) continue;
      this.hub.publish({ userId, channel: 'credits', isState: true, data });
    }
  }

  private async sampleMarket(): Promise<void> {
    if (!this.hub.isMarketWatched) return this.market.rest();
    const changes = await this.market.changes();
    if (changes) this.hub.gauge('market', changes);
  }
}
