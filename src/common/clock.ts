import { setTimeout as delay } from 'node:timers/promises';

/** Where the product reads time, so that tests can move it. */
export abstract class Clock {
  /** Epoch milliseconds. */
  abstract now(): number;
  /** Milliseconds since some moment, for durations that are paid for: setting the computer's clock does not move it. */
  elapsed(): number {
    return performance.now();
  }
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  abstract sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await delay(ms, undefined, { signal });
  }
}

interface Sleeper {
  wakeAt: number;
  wake: () => void;
}

/** A clock that stands still until `advance` is called. */
export class ManualClock extends Clock {
  private sleepers: Sleeper[] = [];

  constructor(private current = 1_791_504_000_000) {
    super();
  }

  now(): number {
    return this.current;
  }

  override elapsed(): number {
    return this.current;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const sleeper = { wakeAt: this.current + ms, wake: resolve };
      this.sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  advance(ms: number): void {
    this.current += ms;
    const due = this.sleepers.filter((sleeper) => sleeper.wakeAt <= this.current);
    this.sleepers = this.sleepers.filter((sleeper) => sleeper.wakeAt > this.current);
    due.sort((a, b) => a.wakeAt - b.wakeAt).forEach((sleeper) => sleeper.wake());
  }
}
