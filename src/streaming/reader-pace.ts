import type { Clock } from '../common/clock.js';
import type { StreamConnection } from './connection.js';

/** Beyond this much unread, gauges are left out: only their latest state matters. */
const SLOW_READER_BYTES = 1024 * 1024;
/** Nobody gets more unread than this. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024;
const STUCK_READER_MS = 30_000;

/** How a client keeps up with what it is sent. */
export type Pace = 'keeps up' | 'slow' | 'stuck';

/** Judges a reader: slow ones are spared, stuck ones are let go and resume by `since`. */
export class ReaderPace {
  private slowSince: number | undefined;

  constructor(
    private readonly connection: StreamConnection,
    private readonly clock: Clock,
  ) {}

  judge(): Pace {
    const { bufferedBytes } = this.connection;
    if (bufferedBytes < SLOW_READER_BYTES) {
      this.slowSince = undefined;
      return 'keeps up';
    }
    const now = this.clock.now();
    this.slowSince ??= now;
    const isStuck = bufferedBytes > MOST_UNREAD_BYTES || now - this.slowSince > STUCK_READER_MS;
    return isStuck ? 'stuck' : 'slow';
  }
}
