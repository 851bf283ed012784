import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import { ApiKeyRepository } from './api-key.repository.js';

const MINUTE_MS = 60_000;
const MOST_KEYS = 20_000;
/** Uses are gathered for so long, for one statement. */
const WRITE_AFTER_MS = 1000;
const KEYS_AT_ONCE = 500;

/** Keeps `last_used_at` of keys true to the minute, without the requests waiting for it. */
@Injectable()
export class LastUsedRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger(LastUsedRecorder.name);
  private readonly markedAt = new LRUCache<string, number>({ max: MOST_KEYS });
  private used: string[] = [];
  /** When the first of them was used; the others were so within a second. */
  private usedAt = 0;
  private writing: Promise<void> = Promise.resolve();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly clock: Clock,
  ) {}

  touch(id: string): void {
    const now = this.clock.now();
    if (now - (this.markedAt.get(id) ?? -Infinity) < MINUTE_MS) return;
    this.markedAt.set(id, now);
    if (this.used.length === 0) this.usedAt = now;
    this.used.push(id);
    this.timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref();
  }

  /** Resolves when what has been noted is written. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { used, usedAt } = this;
    this.used = [];
    this.writing = this.writing.then(() => this.write(used, usedAt));
    return this.writing;
  }

  /** The database is closed in the phase after this one. */
  beforeApplicationShutdown(): Promise<void> {
    return this.flush();
  }

  private async write(ids: readonly string[], now: number): Promise<void> {
    for (let first = 0; first < ids.length; first += KEYS_AT_ONCE) {
      const some = ids.slice(first, first + KEYS_AT_ONCE);
      try {
        await this.keys.markUsed(some, now, now - MINUTE_MS);
      } catch (error) {
        this.logger.warn({ msg: 'last use of API keys not recorded', err: error });
      }
    }
  }
}
