import { Redis } from 'ioredis';
import type { RedisConfig } from '../config/config.js';

/** All keys of ours begin with it. */
export const REDIS_KEY_PREFIX = 'gpuproxy:';

const CONNECT_TIMEOUT_MS = 1000;
/**
 * For the words of a new connection (HELLO, INFO), which a black hole would leave unanswered for ever. Commands have a
 * shorter limit of their own: see `RedisCommands`.
 */
const HANDSHAKE_TIMEOUT_MS = 500;
/** How long a connection that is given up may take to say goodbye. */
const DISCONNECT_TIMEOUT_MS = 50;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1000;

/**
 * The one factory of connections: for commands, for subscriptions and for the socket.io adapter. Commands never wait for
 * a connection and are never sent twice; a lost connection is opened again by itself.
 * @param purpose shows in CLIENT LIST
 */
export function connectToRedis(config: RedisConfig, purpose: string): Redis {
  return new Redis({
    host: config.host,
    port: config.port,
    password: config.password,
    db: config.database,
    keyPrefix: REDIS_KEY_PREFIX,
    connectionName: `gpuproxy-${purpose}`,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: HANDSHAKE_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: (times) => Math.min(FIRST_RETRY_MS * 2 ** (times - 1), LONGEST_RETRY_MS),
  });
}
