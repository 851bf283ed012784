import type { AppConfig, RedisConfig } from './config.js';
import type { Environment } from './env.dto.js';

/** Undefined without REDIS_HOST: then Redis is never looked for. */
export function redisConfig(environment: Environment): RedisConfig | undefined {
  if (environment.REDIS_HOST === undefined) return undefined;
  return {
    host: environment.REDIS_HOST,
    port: environment.REDIS_PORT,
    password: environment.REDIS_PASSWORD,
    database: environment.REDIS_DB,
  };
}

/** `balanced` can do without Redis, as SQL; `redis` cannot. */
export function sessionsConfig({ SESSION_MODE, REDIS_HOST }: Environment): AppConfig['sessions'] {
  const hasRedis = REDIS_HOST !== undefined;
  const wanted = SESSION_MODE ?? (hasRedis ? 'balanced' : 'sql');
  return hasRedis ? { mode: wanted, isReduced: false } : { mode: 'sql', isReduced: wanted !== 'sql' };
}

export function redisProblems({ SESSION_MODE, REDIS_HOST }: Environment): string[] {
  const isHomeless = SESSION_MODE === 'redis' && REDIS_HOST === undefined;
  return isHomeless ? ['SESSION_MODE is redis and REDIS_HOST is not set'] : [];
}
