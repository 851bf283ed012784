import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { CreditsView } from '../credits/credits.view.js';
import { LedgerService } from '../credits/ledger/ledger.service.js';
import type { OfferView } from '../gpu/offers/offer.view.js';
import { GpuSnapshots } from './gpu-snapshots.js';
import { StreamHub } from './stream-hub.js';

const LOAD_EVERY_MS = 1000;
const CREDITS_EVERY_MS = 5000;
const MARKET_EVERY_MS = 10_000;

/** Looks at what changes all the time, as often as is useful and only while somebody wants to know. */
@Injectable()
export class StreamGauges implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(StreamGauges.name);
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly lastLoads = new Map<string, object>();
  private lastMarket: ReadonlyMap<string, OfferView> | undefined;

  constructor(
    private readonly hub: StreamHub,
    private readonly gpu: GpuSnapshots,
    private readonly ledger: LedgerService,
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
    const users = this.hub.usersWanting('load');
    for (const userId of users) {
      const loads = await this.gpu.loads(userId);
      if (isDeepStrictEqual(loads, this.lastLoads.get(userId))) continue;
      this.lastLoads.set(userId, loads);
      this.hub.gauge('load', { name: 'load.updated', ...loads }, userId);
    }
    for (const userId of this.lastLoads.keys()) if (!users.includes(userId)) this.lastLoads.delete(userId);
  }

  /** Every process with a subscriber looks; the state's own name keeps the event single. */
  private async sampleCredits(): Promise<void> {
    for (const userId of this.hub.usersWanting('credits')) {
      const balance = await this.ledger.balanceOf(userId);
      const onceKey = `${balance.seq}:${balance.heldMicro}:${balance.capMicro}`;
      const data = { name: 'credits.updated', ...CreditsView.from(balance) };
      this.hub.publish({ userId, channel: 'credits', onceKey, data });
    }
  }

  /** Offers that appeared, vanished or changed their price since the last look. */
  private async sampleMarket(): Promise<void> {
    if (!this.hub.isWanted('market')) {
      this.lastMarket = undefined;
      return;
    }
    const { instances, partial, as_of } = await this.gpu.market();
    const market = new Map(instances.map((offer) => [offer.id, offer]));
    const before = this.lastMarket;
    this.lastMarket = market;
    if (!before) return;
    const appeared = instances.filter(
      ({ id, price_per_hour: price }) => before.get(id)?.price_per_hour !== price,
    );
    const vanished = [...before.keys()].filter((id) => !market.has(id));
    if (appeared.length + vanished.length === 0) return;
    this.hub.gauge('market', {
      name: 'market.updated',
      appeared,
      vanished,
      as_of,
      ...(partial ? { partial } : {}),
    });
  }
}
