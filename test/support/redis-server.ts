import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';
import { findRedisServer } from './redis-binary.js';
import { createTempFolder } from './temp-folder.js';

export interface RedisServer {
  port: number;
  /** REDIS_HOST and REDIS_PORT. */
  env: Record<string, string>;
  /** Ends it without a farewell. */
  kill(): Promise<void>;
  /** Starts it again on the same port; it keeps nothing. */
  restart(): Promise<void>;
  /** Runs one command on a connection of its own. */
  command(name: string, ...args: string[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** Kills the server when our end of standard input closes, also when this process is killed. */
const RUN_WHILE_STDIN_IS_OPEN = '"$0" "$@" & server=$!; cat > /dev/null; kill -9 "$server"; wait "$server"';

/** A Redis of its own on a free port of 127.0.0.1, in a folder of its own. */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  const binary = findRedisServer();
  const folder = await createTempFolder('redis');
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path, '--save', ''];
  const run = async (): Promise<ChildProcess> => {
    const shell = spawn('/bin/sh', ['-c', RUN_WHILE_STDIN_IS_OPEN, binary, ...args, ...settings], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await runCommand(port, 'PING');
    return shell;
  };
  let running = await run();
  const kill = async (): Promise<void> => {
    const ended = once(running, 'close');
    running.stdin?.end();
    await ended;
  };
  return {
    port,
    env: { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) },
    kill,
    restart: async () => void (running = await run()),
    command: (name, ...rest) => runCommand(port, name, ...rest),
    stop: async () => {
      if (running.exitCode === null) await kill();
      await folder.remove();
    },
  };
}

async function runCommand(port: number, name: string, ...args: string[]): Promise<unknown> {
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  try {
    return await client.call(name, ...args);
  } finally {
    client.disconnect();
  }
}
