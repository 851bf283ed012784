import { ResponseTimes } from './response-times.js';

/** What one instance carries and has carried, over all its pools and direct uses, since the balancer knows it. */
export class InstanceStats {
  /** Connections open now. */
  active = 0;
  /** Requests of anybody in the engine's own queue, as it told lately; 0 when it does not tell. */
  waiting = 0;
  /** Connections ever opened. */
  total = 0;
  /** Epoch milliseconds of the last connection; undefined before the first. */
  lastUsedAt?: number;
  readonly responseTimes = new ResponseTimes();

  opened(now: number): void {
    this.active += 1;
    this.total += 1;
    this.lastUsedAt = now;
  }

  closed(): void {
    this.active -= 1;
  }
}
