import type { BalancedInstance, InstanceObserver } from './balanced-instance.js';
import { ejectionCap } from './outlier.js';
import type { BalancingStrategy } from './strategies/balancing-strategy.js';
import type { WarmUps } from './warm-ups.js';

/**
 * The members of one pool and who of them may be picked: those that serve and are not ejected. Ejection is capped
 * here, because how much a pool can do without depends on its size: members with an open circuit take one of the
 * slots in the order in which they failed; those that find none go on taking traffic until one is free.
 */
export class BalancedPool implements InstanceObserver {
  private readonly serving = new Set<BalancedInstance>();
  private readonly ejected = new Set<BalancedInstance>();
  private readonly awaitingSlot = new Set<BalancedInstance>();
  /** Epoch ms from which on there has always been a member that serves. */
  private servingSince = 0;

  constructor(
    readonly ownerId: string,
    /** The name the pool was given; with balancing switched off the order itself is another. */
    readonly strategyName: string,
    private readonly order: BalancingStrategy,
    private readonly maxEjectedPercent: number,
    private readonly warmUps: WarmUps,
  ) {}

  join(instance: BalancedInstance): void {
    instance.pools.add(this);
    this.reconsider(instance);
  }

  leave(instance: BalancedInstance): void {
    instance.pools.delete(this);
    this.serving.delete(instance);
    this.settle(instance);
  }

  pick(exclude: ReadonlySet<string>): BalancedInstance | undefined {
    return this.order.pick(exclude) as BalancedInstance | undefined;
  }

  statsChanged(instance: BalancedInstance): void {
    this.order.changed(instance);
  }

  reconsider(instance: BalancedInstance): void {
    if (!instance.isServing) this.serving.delete(instance);
    else if (!this.serving.has(instance)) this.enlist(instance);
    this.settle(instance);
  }

  welcome(instance: BalancedInstance): void {
    const canDoWithout = this.serving.size > 1 && this.warmUps.isOld(this.servingSince);
    if (canDoWithout && !this.warmUps.isOld(instance.servingSince)) this.warmUps.begin(instance);
  }

  isEjecting(instance: BalancedInstance): boolean {
    return this.ejected.has(instance) && instance.circuit.isOut;
  }

  /** When the first ejected member gets its next chance, epoch ms; undefined when none is ejected. */
  get nextChanceAt(): number | undefined {
    const times = [...this.ejected].map(({ circuit }) => circuit.halfOpenAt);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  private enlist(instance: BalancedInstance): void {
    if (this.serving.size === 0) this.servingSince = this.warmUps.now;
    this.serving.add(instance);
    this.welcome(instance);
  }

  private settle(instance: BalancedInstance): void {
    this.updateSlot(instance);
    this.seat(instance);
    this.shareSlots();
  }

  private updateSlot(instance: BalancedInstance): void {
    const isSuspect = this.serving.has(instance) && instance.circuit.phase !== 'closed';
    if (isSuspect && !this.ejected.has(instance)) this.awaitingSlot.add(instance);
    if (isSuspect) return;
    this.awaitingSlot.delete(instance);
    this.ejected.delete(instance);
  }

  private shareSlots(): void {
    const cap = ejectionCap(this.serving.size, this.maxEjectedPercent);
    for (const instance of this.ejected) {
      if (this.ejected.size <= cap) break;
      this.move(instance, this.ejected, this.awaitingSlot);
    }
    for (const instance of this.awaitingSlot) {
      if (this.ejected.size >= cap) break;
      this.move(instance, this.awaitingSlot, this.ejected);
    }
  }

  private move(instance: BalancedInstance, from: Set<BalancedInstance>, to: Set<BalancedInstance>): void {
    from.delete(instance);
    to.add(instance);
    this.seat(instance);
  }

  private seat(instance: BalancedInstance): void {
    if (this.serving.has(instance) && !this.isEjecting(instance)) this.order.add(instance);
    else this.order.remove(instance);
  }
}
