import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { RedisCommands } from '../../src/redis/redis-commands.js';
import { createPostgresDatabase } from './postgres-database.js';
import { eventually, quietLogs, type Reply } from './running-daemon.js';
import { createTempFolder } from './temp-folder.js';

export const PASSWORD = 'secure-password';

const SETTINGS = {
  JWT_SECRET: 'a secret of the tests that is long enough',
  RATE_LIMIT_PER_MINUTE: '0',
  PROXY_RATE_LIMIT_PER_MINUTE: '0',
  REGISTER_RATE_LIMIT_PER_HOUR: '0',
  LOGIN_RATE_LIMIT_PER_15M: '0',
};

/** One of the service's processes, as far as a test can have several in one. */
export class RunningApp {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
  ) {}

  static async start(env: Record<string, string>): Promise<RunningApp> {
    quietLogs();
    const app = await createApp(loadConfig({ ...SETTINGS, ...env }));
    await app.listen(0, '127.0.0.1');
    return new RunningApp(app, await app.getUrl());
  }

  get redis(): RedisCommands {
    return this.app.get(RedisCommands, { strict: false });
  }

  /** @param credential an access token, or a key */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    credential?: string,
    body?: unknown,
  ): Promise<Reply<T>> {
    const answer = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: {
        ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as T };
  }

  async health(): Promise<string> {
    const answer = await fetch(`${this.url}/health`);
    return ((await answer.json()) as { status: string }).status;
  }

  async register(email: string): Promise<void> {
    await this.call('POST', 'auth/register', undefined, { email, password: PASSWORD, name: 'Jo' });
  }

  logIn(email: string): Promise<Reply<LoginBody>> {
    return this.call('POST', 'auth/login', undefined, { email, password: PASSWORD });
  }

  refresh(refreshToken: string): Promise<Reply<LoginBody>> {
    return this.call('POST', 'auth/refresh', undefined, { refresh_token: refreshToken });
  }

  /** A new account, its login and a key. */
  async member(email: string): Promise<Member> {
    await this.register(email);
    // On a machine so busy that Redis is late, SESSION_MODE=redis asks to try again.
    const { tokens, user } = await eventually(async () => {
      const { status, body } = await this.logIn(email);
      return status === 200 && body;
    });
    const key = await this.call<NewKey>('POST', 'auth/apikey', tokens.access_token, { name: 'k' });
    return {
      id: user.id,
      email,
      access: tokens.access_token,
      refresh: tokens.refresh_token,
      key: key.body.api_key,
      keyId: key.body.id,
    };
  }

  /** A route for whoever has credentials at all. */
  whoAmI(credential: string): Promise<Reply<Record<string, unknown>>> {
    return this.call('GET', 'gpu/rentals', credential);
  }

  untilRedisIs(state: 'used' | 'lost'): Promise<unknown> {
    return eventually(async () => this.redis.isAvailable === (state === 'used'));
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

export interface LoginBody {
  user: { id: string };
  tokens: { access_token: string; refresh_token: string };
}

interface NewKey {
  id: string;
  api_key: string;
}

export interface Member {
  id: string;
  email: string;
  access: string;
  refresh: string;
  key: string;
  keyId: string;
}

export interface Place {
  env: Record<string, string>;
  remove(): Promise<void>;
}

/** A database for one app or, being PostgreSQL, for several. */
export async function createPlace(kind: 'sqlite' | 'postgres'): Promise<Place> {
  if (kind === 'postgres') {
    const database = await createPostgresDatabase();
    return { env: database.env, remove: database.drop };
  }
  const folder = await createTempFolder('app');
  return { env: { DB_NAME: join(folder.path, 'gpuproxy.db') }, remove: folder.remove };
}
