import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { accountForPostgres, type OsAccount } from './postgres-account.js';
import { findPostgresBinaries } from './postgres-binaries.js';
import { createTempFolder } from './temp-folder.js';

/** Where a PostgreSQL listens; the superuser needs no password. Plain data, so that it can cross processes. */
export interface PostgresAddress {
  host: string;
  port: number;
  user: string;
}

export interface PostgresServer extends PostgresAddress {
  /** Ends it at once, without a word to its clients and without a checkpoint: as a crash of its machine. */
  crash(): Promise<void>;
  /** After a crash: on the same port, with the same data. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** Nothing here has to survive a power cut; the rest is as in production. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '32MB',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
};

/** Stops the server when our end of its standard input closes, also when this process is killed. */
const RUN_WHILE_STDIN_IS_OPEN = '"$0" "$@" & server=$!; cat > /dev/null; kill -INT "$server"; wait "$server"';

/** Clients that come while it recovers are refused with a FATAL of their own. */
const FAILED = /database system is shut down|FATAL: +(?! |the database system is )/;

const START_TIMEOUT_MS = 30_000;

/** Starts a PostgreSQL of its own on a free port, with its data in a folder of its own. */
export async function startPostgres(): Promise<PostgresServer> {
  const binaries = findPostgresBinaries();
  const account = accountForPostgres();
  const folder = await createTempFolder('postgres');
  const data = join(folder.path, 'data');
  await initialise(binaries, folder.path, data, account);
  const port = await freePort();
  const launch = async (): Promise<ChildProcess> => {
    const launched = spawnServer(join(binaries, 'postgres'), ['-D', data, '-p', String(port)], account);
    await untilReady(launched);
    return launched;
  };
  let server = await launch();
  const end = async (): Promise<void> => {
    if (server.exitCode !== null) return;
    const ended = once(server, 'close');
    server.stdin?.end();
    await ended;
  };
  const crash = async (): Promise<void> => {
    const [pid] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGQUIT');
    await end();
  };
  const startAgain = async (): Promise<void> => {
    server = await launch();
  };
  const stop = async (): Promise<void> => {
    await end();
    await folder.remove();
  };
  return { host: '127.0.0.1', port, user: 'postgres', crash, startAgain, stop };
}

async function initialise(
  binaries: string,
  folder: string,
  data: string,
  account?: OsAccount,
): Promise<void> {
  await mkdir(data);
  for (const path of account ? [folder, data] : []) await chown(path, account?.uid ?? 0, account?.gid ?? 0);
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--no-locale', '--no-sync'];
  await promisify(execFile)(join(binaries, 'initdb'), ['-D', data, ...options], { ...account, cwd: folder });
}

function spawnServer(binary: string, args: string[], account?: OsAccount): ChildProcess {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawn('/bin/sh', ['-c', RUN_WHILE_STDIN_IS_OPEN, binary, ...args, ...settings], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = (): void => reject(new Error(`PostgreSQL did not start:\n${log}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS);
    server.stderr?.on('data', (chunk: Buffer) => {
      log = (log + String(chunk)).slice(-4000);
      if (log.includes('database system is ready to accept connections')) resolve(clearTimeout(timer));
      if (FAILED.test(log)) fail();
    });
  });
}
