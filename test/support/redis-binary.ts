import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

const FIND = 'command -v redis-server || command -v valkey-server';
/** One at a time: several test processes may find it missing at once. */
const INSTALL = `${FIND} || (apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server)`;

/**
 * The path of a Redis server; as root on Debian it is installed when it is missing.
 * @throws Error saying what to install: every suite that asks fails, because without Redis it would prove nothing
 */
export function findRedisServer(): string {
  const binary = run('sh', '-c', FIND) ?? installed();
  if (binary !== undefined) return binary;
  throw new Error('This suite needs redis-server (Debian: apt-get install redis-server).');
}

function installed(): string | undefined {
  if (userInfo().uid !== 0) return undefined;
  run('flock', '/tmp/gpuproxy-test-redis.lock', 'sh', '-c', INSTALL);
  return run('sh', '-c', FIND);
}

function run(command: string, ...args: string[]): string | undefined {
  try {
    const output = execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return output.trim().split('\n').at(0) || undefined;
  } catch {
    return undefined;
  }
}
