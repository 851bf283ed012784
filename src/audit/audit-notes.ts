import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { SECURITY_NOTED, type SecurityNote } from '../common/security-note.js';
import type { AuditEvent } from './audit-event.js';
import { AuditLog } from './audit-log.js';

const FLUSH_EVERY_MS = 1000;
/** The same note again within this time is counted, not written. */
const QUIET_MS = 60_000;
const MOST_WAITING = 500;
const MOST_REMEMBERED = 5000;
const MOST_PER_WRITE = 100;

interface Waiting {
  event: AuditEvent;
  times: number;
}

/**
 * Refusals, which come as often as somebody likes: noted in memory, written in batches beside the requests, the same
 * one once a minute. Beyond what fits they are counted in the log only.
 */
@Injectable()
export class AuditNotes implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(AuditNotes.name);
  private readonly waiting = new Map<string, Waiting>();
  private readonly writtenAt = new LRUCache<string, number>({ max: MOST_REMEMBERED });
  private timer: NodeJS.Timeout | undefined;
  private lost = 0;

  constructor(
    private readonly audit: AuditLog,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.events.on(SECURITY_NOTED, ({ data }) => this.note(data as SecurityNote));
  }

  note(note: SecurityNote): void {
    const key = keyOf(note);
    const known = this.waiting.get(key);
    if (known) known.times += 1;
    else if (this.waiting.size >= MOST_WAITING) this.lost += 1;
    else this.waiting.set(key, { event: { ...note, result: 'refused' }, times: 1 });
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** The database is closed in the phase after this one. */
  beforeApplicationShutdown(): Promise<void> {
    this.writtenAt.clear();
    return this.flush();
  }

  /** Writes what is due; what could not be written waits for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const due = [...this.waiting].filter(([key]) => this.isDue(key)).slice(0, MOST_PER_WRITE);
    due.forEach(([key]) => this.waiting.delete(key));
    try {
      await this.audit.record(due.map(([, noted]) => withTimes(noted)));
      due.forEach(([key]) => this.writtenAt.set(key, this.clock.now()));
    } catch (error) {
      this.putBack(due);
      this.logger.warn({ msg: 'refusals not recorded, will be repeated', count: due.length, err: error });
    }
    if (this.waiting.size > 0) this.timer ??= setTimeout(() => void this.flush(), FLUSH_EVERY_MS).unref();
    if (this.lost > 0) this.logger.warn({ msg: 'too many different refusals to record', count: this.lost });
    this.lost = 0;
  }

  private isDue(key: string): boolean {
    return this.clock.now() - (this.writtenAt.get(key) ?? -Infinity) >= QUIET_MS;
  }

  private putBack(due: readonly (readonly [string, Waiting])[]): void {
    for (const [key, noted] of due) {
      const newer = this.waiting.get(key);
      this.waiting.set(key, { ...noted, times: noted.times + (newer?.times ?? 0) });
    }
  }
}

function withTimes({ event, times }: Waiting): AuditEvent {
  return times === 1 ? event : { ...event, details: { ...event.details, times } };
}

/** Two requests are the same note when nothing but the request differs. */
function keyOf({ origin: { actorId, credentialId, ip }, ...note }: SecurityNote): string {
  return JSON.stringify([actorId, credentialId, ip, note]);
}
