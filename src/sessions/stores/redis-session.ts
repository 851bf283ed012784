import { RedisScript } from '../../redis/redis-script.js';
import type { Session, SessionEndReason } from '../session.entity.js';

/** The fields of a session's hash; those that are null are absent. */
export type SessionFields = Record<string, string>;

/** Sessions that are over stay for a while, for whoever looks into what happened to an account. */
export const KEEP_OVER_MS = 7 * 24 * 3_600_000;

/** All sessions by the instant at which they are over, as `<session id> <user id>`. */
export const ENDS_KEY = 'session-ends';

export const sessionKey = (sessionId: string): string => `session:${sessionId}`;
/** A user's sessions by their creation. */
export const userKey = (userId: string): string => `sessions-of:${userId}`;
export const endsMember = (sessionId: string, userId: string): string => `${sessionId} ${userId}`;

/** When a session is over, should nothing more happen. */
export function overAt({ endedAt, idleExpiresAt, expiresAt }: Session): number {
  return endedAt ?? Math.min(idleExpiresAt, expiresAt);
}

export function toFields(session: Session): SessionFields {
  const known = Object.entries(session).filter(([, value]) => value !== null);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

/** Undefined for the empty hash of a session that is not there. */
export function fromFields(fields: SessionFields): Session | undefined {
  const { id, userId, tokenHash, previousTokenHash, ip, userAgent, endReason } = fields;
  if (id === undefined) return undefined;
  const optional = (text: string | undefined): number | null => (text === undefined ? null : Number(text));
  return {
    id,
    userId,
    accountEpoch: Number(fields.accountEpoch),
    tokenHash,
    previousTokenHash: previousTokenHash ?? null,
    rotatedAt: optional(fields.rotatedAt),
    ip,
    userAgent,
    createdAt: Number(fields.createdAt),
    lastSeenAt: Number(fields.lastSeenAt),
    idleExpiresAt: Number(fields.idleExpiresAt),
    expiresAt: Number(fields.expiresAt),
    endedAt: optional(fields.endedAt),
    endReason: (endReason as SessionEndReason | undefined) ?? null,
  };
}

/** KEYS: session, its user's, ends. ARGV: how long to keep it, creation, when it is over, id, member of ends, fields… */
export const CREATE = new RedisScript(`
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[4])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[5])`);

/** KEYS: session, its user's, ends. ARGV: id, member of ends. */
export const FORGET = new RedisScript(`
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[2])`);

/** Begins every change: stops unless the session is live. KEYS: session, ends. ARGV: now, how long to keep it after. */
const REQUIRE_LIVE = `
local now = tonumber(ARGV[1])
local found = redis.call('HMGET', KEYS[1], 'id', 'userId', 'endedAt', 'idleExpiresAt', 'expiresAt', 'tokenHash')
if not found[1] or found[3] or tonumber(found[4]) <= now or tonumber(found[5]) <= now then return 0 end
local member = found[1] .. ' ' .. found[2]
`;

/** ARGV: …, expected hash, new hash, address, user agent, new idle expiry. Answers 1 when it was the token's turn. */
export const ROTATE = new RedisScript(`${REQUIRE_LIVE}
if found[6] ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'tokenHash', ARGV[4], 'previousTokenHash', ARGV[3], 'rotatedAt', ARGV[1],
  'lastSeenAt', ARGV[1], 'ip', ARGV[5], 'userAgent', ARGV[6], 'idleExpiresAt', ARGV[7])
local over = math.min(tonumber(ARGV[7]), tonumber(found[5]))
redis.call('ZADD', KEYS[2], over, member)
redis.call('PEXPIRE', KEYS[1], over - now + tonumber(ARGV[2]))
return 1`);

/** ARGV: …, reason. Answers 1 when it was live. */
export const END = new RedisScript(`${REQUIRE_LIVE}
redis.call('HSET', KEYS[1], 'endedAt', ARGV[1], 'endReason', ARGV[3])
redis.call('ZADD', KEYS[2], now, member)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`);
