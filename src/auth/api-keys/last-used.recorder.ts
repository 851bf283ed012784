import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import { ApiKeyRepository } from './api-key.repository.js';

const MINUTE_MS = 60_000;
const MOST_KEYS = 20_000;

/** Keeps `last_used_at` of keys true to the minute, without the requests waiting for it. */
@Injectable()
export class LastUsedRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger(LastUsedRecorder.name);
  private readonly markedAt = new LRUCache<string, number>({ max: MOST_KEYS });
  private readonly writes = new Set<Promise<void>>();

  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly clock: Clock,
  ) {}

  touch(id: string): void {
    const now = this.clock.now();
    if (now - (this.markedAt.get(id) ?? -Infinity) < MINUTE_MS) return;
    this.markedAt.set(id, now);
    const write = this.write(id, now).finally(() => this.writes.delete(write));
    this.writes.add(write);
  }

  /** Resolves when what has been noted is written. */
  async flush(): Promise<void> {
    await Promise.all(this.writes);
  }

  /** The database is closed in the phase after this one. */
  beforeApplicationShutdown(): Promise<void> {
    return this.flush();
  }

  private async write(id: string, now: number): Promise<void> {
    try {
      await this.keys.markUsed(id, now, now - MINUTE_MS);
    } catch (error) {
      this.logger.warn({ msg: 'last use of an API key not recorded', key: id, err: error });
    }
  }
}
