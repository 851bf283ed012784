import { Injectable } from '@nestjs/common';

/** Counts requests and tunnels that are under way, for the drain and for the gauges. */
@Injectable()
export class InFlight {
  private count = 0;
  private isDraining = false;
  private waiting: (() => void)[] = [];

  get active(): number {
    return this.count;
  }

  get isClosed(): boolean {
    return this.isDraining;
  }

  enter(): void {
    this.count += 1;
  }

  leave(): void {
    this.count -= 1;
    if (this.count > 0) return;
    const waiting = this.waiting;
    this.waiting = [];
    waiting.forEach((wake) => wake());
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
