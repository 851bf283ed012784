import { findSystemBinary } from './system-binary.js';

/** The path of a Redis server. @throws Error when there is none and none can be installed */
export function findRedisServer(): string {
  return findSystemBinary(['redis-server', 'valkey-server'], 'redis-server');
}
