import { Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppConfig } from '../../config/config.js';
import { RedisCommands } from '../../redis/redis-commands.js';
import { RedisUnavailable } from '../../redis/redis.errors.js';
import type { SessionCursor, SessionStore, TokenRotation } from '../session-store.js';
import type { Session, SessionEndReason } from '../session.entity.js';
import { sessionsUnavailable } from '../sessions.errors.js';
import {
  CREATE,
  END,
  ENDS_KEY,
  endsMember,
  FORGET,
  fromFields,
  KEEP_OVER_MS,
  overAt,
  ROTATE,
  sessionKey,
  toFields,
  userKey,
} from './redis-session.js';

/** How many sessions are looked at in one step. */
const CHUNK = 100;

/** Sessions in Redis and nowhere else: what Redis loses, is logged out. Without Redis every call is refused with 503. */
@Injectable()
export class RedisStore implements SessionStore {
  readonly mode = 'redis';
  private readonly logger = new Logger(RedisStore.name);

  constructor(
    private readonly redis: RedisCommands,
    config: AppConfig,
  ) {
    if (config.sessions.mode === this.mode) redis.beforeUse((client) => this.warnUnlessDurable(client));
  }

  async create(session: Session): Promise<void> {
    const { id, userId, createdAt, lastSeenAt } = session;
    const over = overAt(session);
    const keepMs = Math.max(1, over - lastSeenAt + KEEP_OVER_MS);
    const keys = [sessionKey(id), userKey(userId), ENDS_KEY];
    const fields = Object.entries(toFields(session)).flat();
    const args = [keepMs, createdAt, over, id, endsMember(id, userId), ...fields];
    await this.use((redis) => CREATE.run(redis, keys, args));
  }

  async find(sessionId: string): Promise<Session | undefined> {
    return fromFields(await this.use((redis) => redis.hgetall(sessionKey(sessionId))));
  }

  async rotate({ sessionId, fromHash, toHash, device, now, idleExpiresAt }: TokenRotation): Promise<boolean> {
    const args = [now, KEEP_OVER_MS, fromHash, toHash, device.ip, device.userAgent, idleExpiresAt];
    return (await this.use((redis) => ROTATE.run(redis, [sessionKey(sessionId), ENDS_KEY], args))) === 1;
  }

  async listLive(userId: string, now: number, limit: number, after?: SessionCursor): Promise<Session[]> {
    const live: Session[] = [];
    for (let offset = 0; live.length < limit; offset += CHUNK) {
      const ids = await this.use((redis) =>
        redis.zrevrangebyscore(userKey(userId), after?.createdAt ?? '+inf', '-inf', 'LIMIT', offset, CHUNK),
      );
      const found = await this.use((redis) => Promise.all(ids.map((id) => redis.hgetall(sessionKey(id)))));
      const sessions = found.map(fromFields).filter((session) => session !== undefined);
      live.push(...sessions.filter((session) => overAt(session) > now && isAfter(session, after)));
      if (ids.length < CHUNK) break;
    }
    return live.slice(0, limit);
  }

  async end(sessionId: string, reason: SessionEndReason, now: number): Promise<boolean> {
    const args = [now, KEEP_OVER_MS, reason];
    return (await this.use((redis) => END.run(redis, [sessionKey(sessionId), ENDS_KEY], args))) === 1;
  }

  async endAll(userId: string, reason: SessionEndReason, now: number): Promise<void> {
    const ids = await this.use((redis) => redis.zrange(userKey(userId), 0, '-1'));
    for (let first = 0; first < ids.length; first += CHUNK) {
      const chunk = ids.slice(first, first + CHUNK);
      await Promise.all(chunk.map((id) => this.end(id, reason, now)));
    }
  }

  async purge(overBefore: number): Promise<number> {
    for (let purged = 0; ;) {
      const members = await this.use((redis) =>
        redis.zrangebyscore(ENDS_KEY, '-inf', `(${overBefore}`, 'LIMIT', 0, CHUNK),
      );
      if (members.length === 0) return purged;
      await this.use((redis) => Promise.all(members.map((member) => forget(redis, member))));
      purged += members.length;
    }
  }

  private async use<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await this.redis.run(work);
    } catch (error) {
      throw error instanceof RedisUnavailable ? sessionsUnavailable() : error;
    }
  }

  private async warnUnlessDurable(redis: Redis): Promise<void> {
    const persistence = await redis.info('persistence');
    if (persistence.includes('aof_enabled:1')) return;
    this.logger.warn('logins are kept in a Redis without appendonly: its restart logs everybody out');
  }
}

function isAfter({ createdAt, id }: Session, after?: SessionCursor): boolean {
  return !after || createdAt < after.createdAt || (createdAt === after.createdAt && id < after.id);
}

function forget(redis: Redis, member: string): Promise<unknown> {
  const [sessionId, userId] = member.split(' ');
  return FORGET.run(redis, [sessionKey(sessionId), userKey(userId), ENDS_KEY], [sessionId, member]);
}
