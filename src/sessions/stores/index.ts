import { BalancedStore } from './balanced.store.js';
import { RedisStore } from './redis.store.js';
import { SqlStore } from './sql.store.js';

export const SESSION_STORE_CLASSES = [SqlStore, RedisStore, BalancedStore];
