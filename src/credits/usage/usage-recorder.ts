import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { newOrderedId } from '../../common/id.js';
import { RequestCosts } from './request-costs.js';
import { RequestRuns } from './request-runs.js';
import type { UsageRecord } from './usage-record.entity.js';
import { UsageRepository } from './usage.repository.js';

const FLUSH_EVERY_MS = 1000;
const ROWS_PER_INSERT = 500;
/** About a minute at 1,000 requests a second; beyond that the database has been away for too long. */
const MOST_WAITING = 60_000;

/** One finished request. Texts beyond the columns' lengths are cut. */
export type UsageEvent = Omit<
  UsageRecord,
  | 'id'
  | 'inputTokens'
  | 'outputTokens'
  | 'gpuCostMicro'
  | 'providerCostMicro'
  | 'keyId'
  | 'pool'
  | 'instanceId'
  | 'rentalId'
  | 'busyMs'
> & {
  keyId?: string | null;
  pool?: string | null;
  instanceId?: string | null;
  inputTokens?: number | null;
  outputTokens?: number | null;
  /** What served it, and the share of its time; from both follows the share of its cost. */
  rentalId?: string | null;
  busyMs?: number | null;
  /** Only for the session row; usage rows keep no address. */
  ip?: string | null;
  /** It has a session of its own; see `openSocket`. */
  isSocket?: boolean;
};

/** Who has opened a socket. */
export type SocketOwner = Pick<UsageEvent, 'userId' | 'keyId' | 'ip'>;

/**
 * Takes usage rows from the hot path into memory and writes them in batches, at most a second later. A batch that
 * fails stays and is tried again; a row is written once even when the answer to its insert was lost. When the
 * database stays away, at most MOST_WAITING rows wait, and further ones are dropped and counted in the log: usage rows
 * are history, charges never depend on them. A kill -9 loses the rows of the last second.
 */
@Injectable()
export class UsageRecorder implements OnApplicationShutdown {
  private readonly logger = new Logger(UsageRecorder.name);
  private waiting: UsageRecord[] = [];
  private dropped = 0;
  private timer?: NodeJS.Timeout;
  private flushing?: Promise<void>;

  constructor(
    private readonly usage: UsageRepository,
    private readonly runs: RequestRuns,
    private readonly costs: RequestCosts,
  ) {}

  /** Never waits and never throws for what the database does. */
  record(event: UsageEvent): void {
    if (this.waiting.length < MOST_WAITING) this.waiting.push(toRecord(event));
    else this.dropped++;
    if (!event.isSocket) this.noteRun(event);
    this.schedule();
  }

  /**
   * The session of a socket begins.
   * @returns ends it
   */
  openSocket({ userId, keyId = null, ip = null }: SocketOwner): () => void {
    const close = this.runs.openSocket({ userId, keyId, ip });
    this.schedule();
    return () => {
      close();
      this.schedule();
    };
  }

  /** Writes what waits. @throws when the database does; the rows are kept */
  async flush(): Promise<void> {
    while (this.flushing) await this.flushing.catch(() => undefined);
    this.flushing = this.writeAll();
    try {
      await this.flushing;
    } finally {
      this.flushing = undefined;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    try {
      await this.flush();
      await this.runs.closeAll();
    } catch (error) {
      this.logger.error({ msg: 'usage rows lost at shutdown', lost: this.waiting.length, err: error });
    }
  }

  private noteRun(event: UsageEvent): void {
    const { userId, keyId = null, ip = null, pool = null, at, durationMs } = event;
    this.runs.note({ userId, keyId, ip, pool, startedAt: whole(at), endedAt: whole(at + durationMs) });
  }

  /** Idle, there is no timer; runs keep it going until they are closed. */
  private schedule(): void {
    this.timer ??= setTimeout(() => void this.flushOnTime(), FLUSH_EVERY_MS).unref();
  }

  private async flushOnTime(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.logger.error({ msg: 'usage rows not written yet', waiting: this.waiting.length, err: error });
    }
    this.timer = undefined;
    if (this.waiting.length > 0 || !this.runs.isEmpty) this.schedule();
  }

  private async writeAll(): Promise<void> {
    this.reportDropped();
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, ROWS_PER_INSERT);
      await this.costs.complete(batch);
      await this.usage.insertMissing(batch);
      this.waiting = this.waiting.slice(batch.length);
    }
    await this.runs.closeIdle();
  }

  private reportDropped(): void {
    if (this.dropped > 0) this.logger.error({ msg: 'usage rows dropped', dropped: this.dropped });
    this.dropped = 0;
  }
}

function toRecord(event: UsageEvent): UsageRecord {
  const { keyId = null, pool = null, instanceId = null, rentalId = null, busyMs = null } = event;
  const { inputTokens = null, outputTokens = null } = event;
  return {
    id: newOrderedId(),
    at: whole(event.at),
    requestId: cut(event.requestId, 128),
    userId: event.userId,
    keyId,
    pool: pool === null ? null : cut(pool, 128),
    instanceId: instanceId === null ? null : cut(instanceId, 128),
    rentalId,
    protocol: cut(event.protocol, 32),
    route: cut(event.route, 255),
    status: event.status,
    durationMs: whole(event.durationMs),
    inputTokens: inputTokens === null ? null : whole(inputTokens),
    outputTokens: outputTokens === null ? null : whole(outputTokens),
    bytesIn: whole(event.bytesIn),
    bytesOut: whole(event.bytesOut),
    costMicro: event.costMicro,
    busyMs: busyMs === null ? null : whole(busyMs),
    gpuCostMicro: null,
    providerCostMicro: null,
  };
}

/** Clocks with fractions and upstreams that count nonsense: a row that can never be written would hold up all others. */
function whole(value: number): number {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : 0;
}

/** PostgreSQL stores no NUL. */
function cut(text: string, length: number): string {
  return text.replaceAll('\0', '').slice(0, length);
}
