import { Injectable } from '@nestjs/common';
import type { SessionCursor, SessionStore, TokenRotation } from '../session-store.js';
import type { Session, SessionEndReason } from '../session.entity.js';
import { SessionCache } from './session-cache.js';
import { SqlStore } from './sql.store.js';

const CHUNK = 100;

/** Sessions in the database, which is the truth, with copies in Redis for reading. Without Redis it is the SQL store. */
@Injectable()
export class BalancedStore implements SessionStore {
  readonly mode = 'balanced';

  constructor(
    private readonly sql: SqlStore,
    private readonly cache: SessionCache,
  ) {}

  async create(session: Session): Promise<void> {
    await this.sql.create(session);
    await this.cache.read(session.id, () => Promise.resolve(session));
  }

  find(sessionId: string): Promise<Session | undefined> {
    return this.cache.read(sessionId, () => this.sql.find(sessionId));
  }

  async rotate(rotation: TokenRotation): Promise<boolean> {
    const isRotated = await this.sql.rotate(rotation);
    // Also when it was not our turn: another process has rotated, and its copy may still be the one from before.
    await this.cache.drop(rotation.sessionId);
    return isRotated;
  }

  listLive(userId: string, now: number, limit: number, after?: SessionCursor): Promise<Session[]> {
    return this.sql.listLive(userId, now, limit, after);
  }

  async end(sessionId: string, reason: SessionEndReason, now: number): Promise<boolean> {
    const isEnded = await this.sql.end(sessionId, reason, now);
    await this.cache.drop(sessionId);
    return isEnded;
  }

  async endAll(userId: string, reason: SessionEndReason, now: number): Promise<void> {
    const live = await this.allLive(userId, now);
    await this.sql.endAll(userId, reason, now);
    await this.cache.drop(...live.map(({ id }) => id));
  }

  async purge(overBefore: number): Promise<number> {
    const purged = await this.sql.purge(overBefore);
    if (purged > 0) await this.cache.clear();
    return purged;
  }

  private async allLive(userId: string, now: number): Promise<Session[]> {
    const all: Session[] = [];
    for (;;) {
      const page = await this.sql.listLive(userId, now, CHUNK, all.at(-1));
      all.push(...page);
      if (page.length < CHUNK) return all;
    }
  }
}
