import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { newId } from '../../common/id.js';
import { AppConfig } from '../../config/config.js';
import { RedisCommands } from '../../redis/redis-commands.js';
import { RedisScript } from '../../redis/redis-script.js';
import { RedisUnavailable } from '../../redis/redis.errors.js';
import type { Session } from '../session.entity.js';

const GENERATION_KEY = 'session-cache-generation';
/** No longer than a process without Redis may remember a caller. */
const KEEP_MS = 30_000;
/** For so long after a change nothing is put in: what was read before the change may still be on its way. */
const CLOSED_MS = 10_000;
/** Whoever took longer to read than half of that puts nothing in. */
const FRESH_MS = CLOSED_MS / 2;
const CLOSED = '';

/** KEYS: entry. ARGV: generation of the reader, its entry, life. Copies of other generations are void already. */
const FILL = new RedisScript(`
local entry = redis.call('GET', KEYS[1])
if entry and (entry == '' or string.sub(entry, 1, #ARGV[1]) == ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/**
 * Copies of sessions in Redis for reading, each at most 30 s old and of a generation: whoever could not tell Redis of a
 * change begins a new one before it uses Redis again, and all older copies are void. Never throws: without Redis there
 * are no copies.
 */
@Injectable()
export class SessionCache {
  /** A change was not told. */
  private isOwing = false;

  constructor(
    private readonly redis: RedisCommands,
    config: AppConfig,
  ) {
    const isUsed = config.sessions.mode === 'balanced';
    if (isUsed) redis.beforeUse(beginGeneration);
  }

  /** The copy, else what `load` reads, which is kept. */
  async read(sessionId: string, load: () => Promise<Session | undefined>): Promise<Session | undefined> {
    const [generation, entry] = (await this.look(sessionId)) ?? [];
    const copy = generation ? sessionIn(entry, generation) : undefined;
    if (copy) return copy;
    const startedAt = performance.now();
    const session = await load();
    const isFresh = performance.now() - startedAt < FRESH_MS;
    if (session && generation && entry !== CLOSED && isFresh) await this.fill(session, generation);
    return session;
  }

  /** To be called after a change: the next readers ask the database. */
  async drop(...sessionIds: string[]): Promise<void> {
    if (sessionIds.length === 0) return;
    const told = await this.attempt((client) =>
      Promise.all(sessionIds.map((id) => client.set(entryKey(id), CLOSED, 'PX', CLOSED_MS))),
    );
    if (!told) this.isOwing = true;
  }

  /** Voids all copies. */
  async clear(): Promise<void> {
    this.isOwing = false;
    const told = await this.attempt(beginGeneration);
    if (!told) this.isOwing = true;
  }

  private async look(sessionId: string): Promise<(string | null)[] | undefined> {
    if (this.isOwing) await this.clear();
    const found = await this.attempt((client) => client.mget(GENERATION_KEY, entryKey(sessionId)));
    // Redis was emptied. Whatever is written from here on belongs to a new generation.
    if (found?.[0] === null) await this.attempt((client) => client.set(GENERATION_KEY, newId(), 'NX'));
    return found;
  }

  private async fill(session: Session, generation: string): Promise<void> {
    const args = [generation, generation + JSON.stringify(session), KEEP_MS];
    await this.attempt((client) => FILL.run(client, [entryKey(session.id)], args));
  }

  /** Undefined when Redis did not do it. */
  private async attempt<T>(work: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.redis.run(work);
    } catch (error) {
      if (error instanceof RedisUnavailable) return undefined;
      throw error;
    }
  }
}

const beginGeneration = (redis: Redis): Promise<unknown> => redis.set(GENERATION_KEY, newId());

const entryKey = (sessionId: string): string => `session-cache:${sessionId}`;

function sessionIn(entry: string | null | undefined, generation: string): Session | undefined {
  if (!entry?.startsWith(generation)) return undefined;
  return JSON.parse(entry.slice(generation.length)) as Session;
}
