import type { AppConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { RedisCommands } from '../../src/redis/redis-commands.js';
import type { RedisServer } from './redis-server.js';

export function redisTestConfig(server: RedisServer, settings: Record<string, string> = {}): AppConfig {
  return loadConfig({ JWT_SECRET: 'a secret of the tests that is long enough', ...server.env, ...settings });
}

/** What a process has of Redis; `prepare` registers what it does before the first use. */
export async function openRedisCommands(
  config: AppConfig,
  prepare: (commands: RedisCommands) => void = () => undefined,
): Promise<RedisCommands> {
  const commands = new RedisCommands(config);
  prepare(commands);
  await commands.onModuleInit();
  return commands;
}
