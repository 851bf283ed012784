import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { createLogger, NestPinoLogger } from '../../src/common/logger.js';
import { loadConfig } from '../../src/config/load-config.js';
import { startDaemon, type Daemon } from '../../src/daemon.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import type { DatabaseKind } from './databases.js';
import { createPostgresDatabase } from './postgres-database.js';
import { createTempFolder } from './temp-folder.js';

export interface RunningDaemon {
  url: string;
  daemon: Daemon;
  sandbox: Sandbox;
  stop(): Promise<void>;
}

/** Nothing of a test's daemon is printed unless GPUPROXY_TEST_LOGS asks for it. */
export function quietLogs(): void {
  const level = process.env.GPUPROXY_TEST_LOGS ? 'debug' : 'silent';
  Logger.overrideLogger(new NestPinoLogger(createLogger(level, process.stderr)));
}

/** The real daemon in this process: developer mode, simulated farms, a database and a port of its own. */
export async function runDaemon(
  kind: DatabaseKind,
  settings: Record<string, string> = {},
): Promise<RunningDaemon> {
  quietLogs();
  const place = await createDatabasePlace(kind);
  const env = {
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: '0',
    SANDBOX_TIME_SCALE: '600',
    DRAIN_TIMEOUT: '2s',
    RATE_LIMIT_PER_MINUTE: '0',
    ...place.env,
    ...settings,
  };
  const daemon = await startDaemon(loadConfig(env, { isDeveloper: true }));
  const { sandbox } = daemon;
  if (!sandbox) throw new Error('the daemon runs without its sandbox');
  const stop = async (): Promise<void> => {
    await daemon.stop();
    await place.remove();
  };
  return { url: daemon.url, daemon, sandbox, stop };
}

async function createDatabasePlace(
  kind: DatabaseKind,
): Promise<{ env: Record<string, string>; remove(): Promise<void> }> {
  const folder = await createTempFolder('daemon');
  if (kind === 'sqlite') return { env: { DB_NAME: join(folder.path, 'gpuproxy.db') }, remove: folder.remove };
  const database = await createPostgresDatabase();
  const remove = async (): Promise<void> => {
    await database.drop();
    await folder.remove();
  };
  return { env: { ...database.env, JWT_SECRET: 'a secret of the tests that is long enough' }, remove };
}

/** A problem document or whatever else the server answered. */
export interface Reply<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A caller with a key, speaking the API as it stands on the wire. */
export class ApiCaller {
  constructor(
    readonly url: string,
    readonly key: string,
    /** The access token of the login that made the key. */
    readonly token = '',
  ) {}

  /** Ends every key of the account, this one included. */
  async revokeAllKeys(): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}` };
    const list = await fetch(`${this.url}/api/v1/auth/apikey`, { headers });
    const { api_keys: keys } = (await list.json()) as { api_keys: { id: string }[] };
    for (const { id } of keys)
      await fetch(`${this.url}/api/v1/auth/apikey/${id}`, { method: 'DELETE', headers });
  }

  /** The same account with a key that it has. */
  as(key: string): ApiCaller {
    return new ApiCaller(this.url, key, this.token);
  }

  /** The same account with another key, made by its login. */
  async withKey(body: object): Promise<ApiCaller & { keyId: string }> {
    const made = await new ApiCaller(this.url, '').send<{ id: string; api_key: string }>(
      'POST',
      '/api/v1/auth/apikey',
      { name: 'k', ...body },
      { authorization: `Bearer ${this.token}` },
    );
    if (made.status !== 201) throw new Error(`no key: ${JSON.stringify(made.body)}`);
    return Object.assign(new ApiCaller(this.url, made.body.api_key, this.token), { keyId: made.body.id });
  }

  get<T>(path: string): Promise<Reply<T>> {
    return this.send<T>('GET', path);
  }

  post<T>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply<T>> {
    return this.send<T>('POST', path, body, headers);
  }

  delete<T>(path: string): Promise<Reply<T>> {
    return this.send<T>('DELETE', path);
  }

  async send<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply<T>> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(this.key === '' ? {} : { 'x-api-key': this.key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, headers: answer.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }
}

let people = 0;

/** Registers somebody new and makes a key, as the seed's curls do. */
export async function signUp(url: string): Promise<ApiCaller> {
  people += 1;
  const email = `user${people}@example.com`;
  const password = 'secure-password';
  const anonymous = new ApiCaller(url, '');
  const post = <T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply<T>> =>
    anonymous.send<T>('POST', `/api/v1/auth/${path}`, body, { 'x-api-key': '', ...headers });
  await post('register', { email, password, name: 'John Doe' });
  const login = await post<{ tokens: { access_token: string } }>('login', { email, password });
  const authorization = `Bearer ${login.body.tokens.access_token}`;
  const key = await fetch(`${url}/api/v1/auth/apikey`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'My API Key' }),
  });
  const { api_key: text } = (await key.json()) as { api_key: string };
  return new ApiCaller(url, text, login.body.tokens.access_token);
}

/** Polls until `look` gives something; the last look is the error's text when it never does. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${look.toString()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
