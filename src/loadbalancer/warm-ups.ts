import type { Clock } from '../common/clock.js';
import type { BalancedInstance } from './balanced-instance.js';
import { RankedHeap, type RankedNode } from './strategies/ranked-heap.js';

/** The share of its weight that an instance begins with; the next steps are as large. */
const STEP = 0.1;
const LAST_STEP = Math.round(1 / STEP);

interface NextStep extends RankedNode {
  readonly member: BalancedInstance;
  /** The one that is reached at `rank`, epoch ms. */
  step: number;
}

/**
 * Slow start: an instance that begins to take traffic beside others which have done so for a while gets its weight bit
 * by bit, because engines are slow on their first requests (compiling, capturing graphs, filling caches) and one that has
 * just failed may fail again. In a pool where all have begun lately nobody is held back: there is nobody to relieve.
 */
export class WarmUps {
  private readonly steps = new RankedHeap<NextStep>();
  private readonly stepOf = new Map<BalancedInstance, NextStep>();

  constructor(
    private readonly clock: Clock,
    /** Until the whole weight; 0 = at once. */
    private readonly durationMs: number,
  ) {}

  get now(): number {
    return this.clock.now();
  }

  /** Since so long that it stands for what is usual. */
  isOld(since: number): boolean {
    return this.clock.now() - since >= this.durationMs;
  }

  begin(instance: BalancedInstance): void {
    if (this.durationMs === 0) return;
    this.forget(instance);
    this.await({ member: instance, step: 1, rank: 0, turn: 0, position: -1 });
    instance.setWarmth(STEP);
  }

  /** Called before a pick, so that no timer is needed. */
  advance(): void {
    const now = this.clock.now();
    for (let next = this.steps.first; next && next.rank <= now; next = this.steps.first) {
      this.forget(next.member);
      next.step += 1;
      next.member.setWarmth(next.step / LAST_STEP);
      if (next.step < LAST_STEP) this.await(next);
    }
  }

  private await(next: NextStep): void {
    const from = next.step === 1 ? this.clock.now() : next.rank;
    next.rank = from + this.durationMs / (LAST_STEP - 1);
    this.stepOf.set(next.member, next);
    this.steps.add(next);
  }

  private forget(instance: BalancedInstance): void {
    const next = this.stepOf.get(instance);
    if (!next) return;
    this.stepOf.delete(instance);
    this.steps.remove(next);
  }
}
