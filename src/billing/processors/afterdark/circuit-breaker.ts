import type { Clock } from '../../../common/clock.js';

const MOST_FAILURES = 5;
const WINDOW_MS = 30_000;

/** Stops asking somebody who fails: five failures within thirty seconds close the door for as long. */
export class CircuitBreaker {
  private failures: number[] = [];
  private openUntil = 0;

  constructor(private readonly clock: Clock) {}

  /** Seconds to wait before asking again; 0 = ask. */
  get waitSeconds(): number {
    return Math.max(0, Math.ceil((this.openUntil - this.clock.now()) / 1000));
  }

  succeeded(): void {
    this.failures = [];
  }

  failed(): void {
    const now = this.clock.now();
    this.failures = [...this.failures.filter((at) => at > now - WINDOW_MS), now];
    if (this.failures.length < MOST_FAILURES) return;
    this.openUntil = now + WINDOW_MS;
    this.failures = [];
  }
}
