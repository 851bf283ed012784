import { InstanceStats } from './instance-stats.js';
import { Circuit, type OutlierOptions } from './outlier.js';
import type { BalancingMember } from './strategies/balancing-strategy.js';

/** An instance that traffic can be sent to, as the owner of pools announces it. */
export interface BalancerTarget {
  /** The instance id, unique over all owners. */
  id: string;
  ownerId: string;
  provider: string;
  /** Relative capacity, above 0; see `weightOf`. */
  weight: number;
  /** `fenced`: keeps the connections it has and gets nothing new from pools. */
  state: 'serving' | 'fenced';
}

/** A pool, as its members see it. */
export interface InstanceObserver {
  /** Connections or response times have changed. */
  statsChanged(instance: BalancedInstance): void;
  /** Its weight, state or circuit has changed: may it still be picked? */
  reconsider(instance: BalancedInstance): void;
  /** The instance has begun to serve, or to answer well again. */
  welcome(instance: BalancedInstance): void;
  /** Whether the pool keeps the instance out because of its circuit. */
  isEjecting(instance: BalancedInstance): boolean;
}

/**
 * One registration of an instance: its target, what it carries and how it has behaved. When an instance is removed
 * and comes back it is a new object; connections of the old registration end on the old one, so that they can never
 * push the new one's counts below zero.
 */
export class BalancedInstance implements BalancingMember {
  readonly stats = new InstanceStats();
  readonly circuit: Circuit;
  readonly pools = new Set<InstanceObserver>();
  /** The share of its weight that it has warmed up to. */
  private warmth = 1;

  constructor(
    private target: BalancerTarget,
    readonly serial: number,
    options: OutlierOptions,
    /** Epoch ms from which on it has served, or served again. */
    public servingSince: number,
  ) {
    this.circuit = new Circuit(options);
  }

  get id(): string {
    return this.target.id;
  }

  get ownerId(): string {
    return this.target.ownerId;
  }

  get provider(): string {
    return this.target.provider;
  }

  /** As strategies see it. */
  get weight(): number {
    return this.target.weight * this.warmth;
  }

  /** As it was announced. */
  get fullWeight(): number {
    return this.target.weight;
  }

  get isServing(): boolean {
    return this.target.state === 'serving';
  }

  get state(): 'serving' | 'fenced' | 'ejected' {
    if (!this.isServing) return 'fenced';
    return [...this.pools].some((pool) => pool.isEjecting(this)) ? 'ejected' : 'serving';
  }

  update(target: BalancerTarget): void {
    this.target = target;
    this.reconsider();
    this.statsChanged();
  }

  setWarmth(share: number): void {
    this.warmth = share;
    this.statsChanged();
  }

  /** It has been away and is trusted with its share bit by bit, in pools that can do without it. */
  backSince(now: number): void {
    this.servingSince = now;
    for (const pool of this.pools) pool.welcome(this);
  }

  statsChanged(): void {
    for (const pool of this.pools) pool.statsChanged(this);
  }

  reconsider(): void {
    for (const pool of this.pools) pool.reconsider(this);
  }
}
