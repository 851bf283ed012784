import type { Clock } from '../common/clock.js';
import type { BalancedInstance } from './balanced-instance.js';
import { RankedHeap, type RankedNode } from './strategies/ranked-heap.js';

/** What an inference engine says about itself: requests from everybody, not only through us. */
export interface EngineGauge {
  /** In the current batch. */
  running: number;
  /** In the engine's queue. */
  waiting: number;
  /** When it was told, epoch ms. */
  at: number;
}

/** An older gauge says nothing about now. */
export const GAUGE_MAX_AGE_MS = 5000;

interface Expiry extends RankedNode {
  readonly member: BalancedInstance;
}

/** Keeps what engines tell for as long as it is worth something. */
export class GaugeBook {
  /** Ranked by when the gauge is too old. */
  private readonly expiries = new RankedHeap<Expiry>();
  private readonly expiryOf = new Map<BalancedInstance, Expiry>();

  constructor(private readonly clock: Clock) {}

  report(instance: BalancedInstance, { waiting, at }: EngineGauge): void {
    this.drop(instance);
    const expiry = { member: instance, rank: at + GAUGE_MAX_AGE_MS, turn: 0, position: -1 };
    this.expiryOf.set(instance, expiry);
    this.expiries.add(expiry);
    this.show(instance, waiting);
  }

  /** Called before a pick, so that no timer is needed. */
  forgetOld(): void {
    const now = this.clock.now();
    for (let next = this.expiries.first; next && next.rank <= now; next = this.expiries.first) {
      this.drop(next.member);
      this.show(next.member, 0);
    }
  }

  private drop(instance: BalancedInstance): void {
    const expiry = this.expiryOf.get(instance);
    if (!expiry) return;
    this.expiryOf.delete(instance);
    this.expiries.remove(expiry);
  }

  private show(instance: BalancedInstance, waiting: number): void {
    if (instance.stats.waiting === waiting) return;
    instance.stats.waiting = waiting;
    instance.statsChanged();
  }
}
