import { describe, expect, it } from 'vitest';
import type { AppConfig } from './config.js';
import { loadConfig } from './load-config.js';

const load = (env: Record<string, string> = {}): AppConfig =>
  loadConfig({ JWT_SECRET: 'a secret that is long enough for us', ...env });

describe('the configuration of Redis', () => {
  it('is nothing without REDIS_HOST, whatever else is set', () => {
    expect(load({ REDIS_PORT: '7000', REDIS_PASSWORD: 'p' }).redis).toBeUndefined();
    expect(load({ REDIS_HOST: '' }).redis).toBeUndefined();
  });

  it('names host, port, password and database', () => {
    expect(load({ REDIS_HOST: 'redis' }).redis).toEqual({ host: 'redis', port: 6379, database: 0 });
    const all = { REDIS_HOST: 'redis', REDIS_PORT: '7000', REDIS_PASSWORD: 'p', REDIS_DB: '3' };
    expect(load(all).redis).toEqual({ host: 'redis', port: 7000, password: 'p', database: 3 });
  });
});

describe('SESSION_MODE', () => {
  it.each([
    [{}, 'sql', false],
    [{ SESSION_MODE: 'sql' }, 'sql', false],
    [{ SESSION_MODE: 'balanced' }, 'sql', true],
    [{ REDIS_HOST: 'redis' }, 'balanced', false],
    [{ REDIS_HOST: 'redis', SESSION_MODE: 'sql' }, 'sql', false],
    [{ REDIS_HOST: 'redis', SESSION_MODE: 'redis' }, 'redis', false],
  ])('of %j is %s', (env: Record<string, string>, mode, isReduced) => {
    expect(load(env).sessions).toEqual({ mode, isReduced });
  });

  it('redis refuses to start without Redis, and an unknown one anyway', () => {
    expect(() => load({ SESSION_MODE: 'redis' })).toThrow('SESSION_MODE is redis and REDIS_HOST is not set');
    expect(() => load({ SESSION_MODE: 'memory' })).toThrow('SESSION_MODE');
  });
});
