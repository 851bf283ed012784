import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../../../common/clock.js';
import type { TargetFacts } from './target-facts.js';

const KEPT_MS = 600_000;
const MOST_TARGETS = 10_000;

/** Keeps what was found out about targets for ten minutes. */
@Injectable()
export class TargetMemory {
  private readonly facts = new LRUCache<string, { facts: TargetFacts; at: number }>({ max: MOST_TARGETS });

  constructor(private readonly clock: Clock) {}

  recall(key: string): TargetFacts {
    const known = this.facts.get(key);
    return known && known.at > this.clock.now() - KEPT_MS ? known.facts : { probed: [] };
  }

  /** Counted from when the first of the facts was found. */
  keep(key: string, facts: TargetFacts): void {
    const known = this.facts.get(key);
    const isFresh = known !== undefined && known.at > this.clock.now() - KEPT_MS;
    this.facts.set(key, { facts, at: isFresh ? known.at : this.clock.now() });
  }

  /** The target has turned out to be another. */
  forget(key: string): void {
    this.facts.delete(key);
  }
}
