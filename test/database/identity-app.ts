import { Controller, Get, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { LightMyRequestResponse } from 'fastify';
import { AuthModule } from '../../src/auth/auth.module.js';
import { AdminOnly, CurrentCaller, Public, RequireScope, type Caller } from '../../src/common/caller.js';
import { ManualClock } from '../../src/common/clock.js';
import { ErrorFilter } from '../../src/common/error.filter.js';
import { validationPipe } from '../../src/common/validation.js';
import type { AppConfig, DatabaseConfig } from '../../src/config/config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { UsersService } from '../../src/users/users.service.js';

export const SECRET = 'test-secret-7c1f9a52b0e84d6d93f1c0aa';
export const PASSWORD = 'secure-password';

/** One route of every kind of access, and one that forgot to declare any. */
@Controller('probe')
class ProbeController {
  @Get('scope')
  @RequireScope('gpu:read')
  scope(@CurrentCaller() caller: Caller): Caller {
    return caller;
  }

  @Get('admin')
  @AdminOnly()
  admin(): object {
    return {};
  }

  @Get('public')
  @Public()
  open(): object {
    return {};
  }

  @Get('undeclared')
  undeclared(): object {
    return {};
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

export interface Answer {
  status: number;
  headers: LightMyRequestResponse['headers'];
  text: string;
  // Bodies are looked into freely; a wrong path makes the expectation fail.
  body: Readonly<Record<string, never>>;
}

export interface RequestOptions {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string;
  key?: string;
  /** The caller's address. */
  from?: string;
}

export interface Login {
  id: string;
  email: string;
  access: string;
  refresh: string;
}

/** The identity modules behind their real HTTP surface, on a database of the test's, under a clock of the test's. */
export class IdentityApp {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly clock: ManualClock,
    readonly config: AppConfig,
  ) {}

  static async start(
    database: DatabaseConfig,
    settings: Record<string, string> = {},
    clock = new ManualClock(),
  ): Promise<IdentityApp> {
    const env = { JWT_SECRET: SECRET, RATE_LIMIT_PER_MINUTE: '0', REGISTER_RATE_LIMIT_PER_HOUR: '0' };
    const config = { ...loadConfig({ ...env, ...settings }), database };
    const module = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config, clock), DatabaseModule.forRoot(config), AuthModule, ProbeModule],
      providers: [
        { provide: APP_FILTER, useClass: ErrorFilter },
        { provide: APP_PIPE, useFactory: validationPipe },
      ],
    }).compile();
    const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    app.setGlobalPrefix('api/v1');
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return new IdentityApp(app, clock, config);
  }

  get users(): UsersService {
    return this.app.get(UsersService);
  }

  async call(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { body, token, key, from } = options;
    const answer = await this.app.inject({
      method: method as 'GET',
      url: `/api/v1/${path}`,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(key === undefined ? {} : { 'x-api-key': key }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { payload: body as object }),
      ...(from === undefined ? {} : { remoteAddress: from }),
    });
    const isJson = answer.body.startsWith('{');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: isJson ? answer.json<Answer['body']>() : {},
    };
  }

  register(email: string, password = PASSWORD, name = 'Jo'): Promise<Answer> {
    return this.call('POST', 'auth/register', { body: { email, password, name } });
  }

  logIn(email: string, password = PASSWORD, options: RequestOptions = {}): Promise<Answer> {
    return this.call('POST', 'auth/login', { ...options, body: { email, password } });
  }

  refresh(refreshToken: string, options: RequestOptions = {}): Promise<Answer> {
    return this.call('POST', 'auth/refresh', { ...options, body: { refresh_token: refreshToken } });
  }

  /** A new account and a login to it. */
  async member(email: string): Promise<Login> {
    await this.register(email);
    const { body } = await this.logIn(email);
    return loginOf(body);
  }

  /** A new key of a login. */
  async key(login: Login, body: object = {}): Promise<{ id: string; api_key: string }> {
    const answer = await this.call('POST', 'auth/apikey', {
      token: login.access,
      body: { name: 'k', ...body },
    });
    return answer.body as unknown as { id: string; api_key: string };
  }

  whoAmI(options: RequestOptions): Promise<Answer> {
    return this.call('GET', 'probe/scope', options);
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

export function loginOf(body: Answer['body']): Login {
  const { user, tokens } = body as unknown as {
    user: { id: string; email: string };
    tokens: { access_token: string; refresh_token: string };
  };
  return { id: user.id, email: user.email, access: tokens.access_token, refresh: tokens.refresh_token };
}
