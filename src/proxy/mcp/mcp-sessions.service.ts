import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import { McpSessionRepository } from './mcp-session.repository.js';

/** A session as a caller names it: the same id with another owner or pool is another session. */
export interface SessionName {
  userId: string;
  pool: string;
  sessionId: string;
}

interface KnownSession {
  rentalId: string;
  touchedAt: number;
}

const MOST_CACHED = 50_000;
const TOUCH_INTERVAL_MS = 600_000;
/** Servers forget sessions much sooner; this only bounds the table. */
export const SESSION_KEPT_MS = 86_400_000;

/**
 * Remembers which rental holds which MCP session. SQL is the truth, so that any process can serve any session; what
 * this process has seen is answered from memory.
 */
@Injectable()
export class McpSessions {
  private readonly logger = new Logger(McpSessions.name);
  private readonly known = new LRUCache<string, KnownSession>({ max: MOST_CACHED });

  constructor(
    private readonly sessions: McpSessionRepository,
    private readonly clock: Clock,
  ) {}

  /** The rental that holds the session, at once when it is known here; undefined = there is no such session. */
  find(name: SessionName): string | Promise<string | undefined> {
    const known = this.known.get(keyOf(name));
    if (!known) return this.load(name);
    this.touchLater(name, known);
    return known.rentalId;
  }

  /** Resolves when other processes can find it too. A database that is away costs only them. */
  async remember(name: SessionName, rentalId: string): Promise<void> {
    const now = this.clock.now();
    this.known.set(keyOf(name), { rentalId, touchedAt: now });
    const { userId } = name;
    const row = { id: hashOf(name), userId, rentalId, createdAt: now, lastUsedAt: now };
    await this.sessions.save(row).catch((error: unknown) => this.warn('not stored', error));
  }

  async forget(name: SessionName): Promise<void> {
    this.known.delete(keyOf(name));
    await this.sessions.remove(hashOf(name)).catch((error: unknown) => this.warn('not removed', error));
  }

  /** Forgets what nobody has used for a day; a job calls it. */
  purge(): Promise<number> {
    return this.sessions.removeUnusedSince(this.clock.now() - SESSION_KEPT_MS);
  }

  private async load(name: SessionName): Promise<string | undefined> {
    const row = await this.sessions.find(hashOf(name));
    if (!row) return undefined;
    const known = { rentalId: row.rentalId, touchedAt: row.lastUsedAt };
    this.known.set(keyOf(name), known);
    this.touchLater(name, known);
    return row.rentalId;
  }

  private touchLater(name: SessionName, known: KnownSession): void {
    const now = this.clock.now();
    if (now - known.touchedAt < TOUCH_INTERVAL_MS) return;
    known.touchedAt = now;
    this.sessions.touch(hashOf(name), now).catch((error: unknown) => this.warn('not touched', error));
  }

  private warn(what: string, error: unknown): void {
    this.logger.warn({ msg: `MCP session ${what}`, err: error });
  }
}

function keyOf({ userId, pool, sessionId }: SessionName): string {
  return `${userId} ${pool} ${sessionId}`;
}

function hashOf(name: SessionName): string {
  return createHash('sha256').update(keyOf(name)).digest('hex');
}
