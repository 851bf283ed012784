import { decide } from '../auth/rate-limiting/gcra.js';
import type { RatePolicy } from '../auth/rate-limiting/rate-policy.js';
import type { Clock } from '../common/clock.js';

const FRAMES: RatePolicy = { name: 'stream-frames', limit: 200, windowMs: 10_000 };

/** Counts the frames of one connection, which is one process's own business. */
export class FloodGuard {
  private fullAt: number | undefined;

  constructor(private readonly clock: Clock) {}

  /** False when the connection floods us. */
  admits(): boolean {
    const { isAllowed, resetMs, now } = decide(FRAMES, this.fullAt, this.clock.now(), 1);
    this.fullAt = now + resetMs;
    return isAllowed;
  }
}
