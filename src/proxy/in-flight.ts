import type { Visit } from './visit.js';

/** Counts requests and tunnels that are under way, for the drain and for the gauges. */
export class InFlight {
  private count = 0;
  private isDraining = false;
  private waiting: (() => void)[] = [];
  private readonly listeners: ((visit: Visit) => void)[] = [];

  /** @param most may be under way at a time */
  constructor(private readonly most = Infinity) {}

  get active(): number {
    return this.count;
  }

  get isClosed(): boolean {
    return this.isDraining;
  }

  /** More than a process can carry: the newest has to go. */
  get isTooMuch(): boolean {
    return this.count > this.most;
  }

  enter(): void {
    this.count += 1;
  }

  /** @param visit of the data plane, which those hear of who watch it */
  leave(visit?: Visit): void {
    this.count -= 1;
    if (visit) for (const listener of this.listeners) listener(visit);
    if (this.count > 0) return;
    const waiting = this.waiting;
    this.waiting = [];
    waiting.forEach((wake) => wake());
  }

  /** Hears of every visit that is over. It must not throw and not take long. */
  onEnd(listener: (visit: Visit) => void): void {
    this.listeners.push(listener);
  }

  /** From now on new requests are refused; those under way go on. */
  close(): void {
    this.isDraining = true;
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
