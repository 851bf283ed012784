import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import type { OfferListView, OfferView } from '../gpu/offers/offer.view.js';
import { GaugeNumbers, type GaugeSnapshot } from './gauge-numbers.js';
import { GpuSnapshots } from './gpu-snapshots.js';

type Market = ReadonlyMap<string, OfferView>;

/** For so long the same bytes serve everybody who comes: the market is large, and the same for all. */
const FRESH_MS = 1000;

/** What the farms offer: the present state as a frame, and what has changed since somebody was told. */
@Injectable()
export class MarketWatch {
  private latest: Promise<GaugeSnapshot> | undefined;
  private freshUntil = 0;
  /** What the longest-standing watcher knows. */
  private known: Market | undefined;

  constructor(
    private readonly gpu: GpuSnapshots,
    private readonly numbers: GaugeNumbers,
    private readonly clock: Clock,
  ) {}

  snapshot(): Promise<GaugeSnapshot> {
    if (this.latest && this.clock.now() < this.freshUntil) return this.latest;
    this.freshUntil = this.clock.now() + FRESH_MS;
    const reading = this.numbers.snapshot('market', () => this.read());
    this.latest = reading;
    reading.catch(() => this.latest === reading && (this.latest = undefined));
    return reading;
  }

  /** Offers that appeared, vanished or changed their price since the last look; undefined = none. */
  async changes(): Promise<object | undefined> {
    const before = this.known;
    const { instances, partial, as_of } = await this.gpu.market();
    const market = byId(instances);
    this.known = market;
    if (!before) return undefined;
    const appeared = instances.filter(
      (offer) => before.get(offer.id)?.price_per_hour !== offer.price_per_hour,
    );
    const vanished = [...before.keys()].filter((id) => !market.has(id));
    if (appeared.length + vanished.length === 0) return undefined;
    this.latest = undefined;
    return { name: 'market.updated', appeared, vanished, as_of, ...(partial ? { partial } : {}) };
  }

  /** Nobody watches. */
  rest(): void {
    this.known = undefined;
  }

  private async read(): Promise<OfferListView> {
    const market = await this.gpu.market();
    this.known ??= byId(market.instances);
    return market;
  }
}

const byId = (offers: readonly OfferView[]): Market => new Map(offers.map((offer) => [offer.id, offer]));
