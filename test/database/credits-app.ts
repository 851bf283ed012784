import type { InjectOptions } from 'fastify';
import type { Type } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { installBodyParsers } from '../../src/body-parsers.js';
import type { Caller, RequestWithCaller } from '../../src/common/caller.js';
import { ErrorFilter } from '../../src/common/error.filter.js';
import { validationPipe } from '../../src/common/validation.js';
import type { Credits } from './credits-fixture.js';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  body: T;
}

export interface CreditsApp {
  send<T = Record<string, unknown>>(
    method: InjectOptions['method'],
    url: string,
    payload?: string | object,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>;
  close(): Promise<void>;
}

/** Controllers of the module over HTTP, with what they need from a running module; `caller` is who calls. */
export async function createCreditsApp(
  credits: Credits,
  parts: { controllers: Type[]; services: Type[]; caller: () => Partial<Caller> },
): Promise<CreditsApp> {
  const providers = parts.services.map((provide) => ({ provide, useValue: credits.get<object>(provide) }));
  const module = await Test.createTestingModule({ controllers: parts.controllers, providers }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), {
    bodyParser: false,
  });
  installBodyParsers(app.getHttpAdapter().getInstance() as never);
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ErrorFilter());
  app.useGlobalGuards({
    canActivate: (context) => {
      context.switchToHttp().getRequest<RequestWithCaller>().caller = parts.caller() as Caller;
      return true;
    },
  });
  await app.init();
  return {
    close: () => app.close(),
    send: async <T>(
      method: InjectOptions['method'],
      url: string,
      payload?: string | object,
      headers: Record<string, string> = {},
    ) => {
      const contentType = payload === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await app.inject({ method, url, payload, headers: { ...contentType, ...headers } });
      const isJson = String(answer.headers['content-type']).includes('json');
      const isWhole = isJson && !String(answer.headers['content-type']).includes('ndjson');
      const body = (isWhole ? JSON.parse(answer.payload) : {}) as T;
      return { status: answer.statusCode, headers: answer.headers, text: answer.payload, body };
    },
  };
}
