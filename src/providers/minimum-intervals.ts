import type { Clock } from '../common/clock.js';
import { unlessAborted } from './unless-aborted.js';

/** At most `calls` starts in any window of `perMs`; `{ calls: 1, perMs: 2000 }` is a minimum interval of 2 s. */
export interface CallRate {
  calls: number;
  perMs: number;
}

/** Requests reach the farm with jitter, so that ours keep a little more distance than the farm asks for. */
const MARGIN = 1.03;
const MARGIN_MS = 5;

/** The waiting line of one endpoint: first come, first served, never faster than the farm allows. */
export class CallLane {
  private readonly rate: CallRate;
  private starts: number[] = [];
  private pausedUntil = 0;
  private waiting = 0;
  private tail: Promise<void> = Promise.resolve();

  constructor(
    rate: CallRate,
    scale: number,
    private readonly clock: Clock,
  ) {
    const perMs = scale === 0 ? 0 : rate.perMs * scale * MARGIN + MARGIN_MS;
    this.rate = { calls: rate.calls, perMs };
  }

  /** Milliseconds until a call that joins now would start, with `ahead` others joining before it. */
  delayMs(ahead = 0): number {
    const starts = [...this.starts];
    for (let place = 0; place <= this.waiting + ahead; place++) starts.push(this.nextStart(starts));
    return (starts.at(-1) ?? 0) - this.clock.now();
  }

  /** Resolves when the call may start. An aborted caller leaves the line and costs the others nothing. */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const ahead = this.tail;
    const { turn, leave } = newTurn();
    this.tail = ahead.then(() => turn);
    this.waiting += 1;
    try {
      await unlessAborted(ahead, signal);
      await this.untilFree(signal);
      this.starts = [...this.starts, this.clock.now()].slice(-this.rate.calls);
    } finally {
      this.waiting -= 1;
      leave();
    }
  }

  /** The farm said that we are too fast: nobody starts for `ms`. */
  pause(ms: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.clock.now() + ms);
  }

  private async untilFree(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.nextStart(this.starts) - this.clock.now();
      if (waitMs <= 0) return;
      await this.clock.sleep(waitMs, signal);
    }
  }

  private nextStart(starts: readonly number[]): number {
    const limiting = starts.at(-this.rate.calls);
    const freeAt = limiting === undefined ? 0 : limiting + this.rate.perMs;
    return Math.max(this.clock.now(), this.pausedUntil, freeAt);
  }
}

function newTurn(): { turn: Promise<void>; leave: () => void } {
  let leave = (): void => undefined;
  const turn = new Promise<void>((resolve) => {
    leave = resolve;
  });
  return { turn, leave };
}
