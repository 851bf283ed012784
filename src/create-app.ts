import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { LoggerService } from '@nestjs/common';
import { AppModule } from './app.module.js';
import { installCardGuard } from './billing/cards/card-guard.js';
import { installBodyParsers } from './body-parsers.js';
import type { Clock } from './common/clock.js';
import { ErrorFilter } from './common/error.filter.js';
import { validationPipe } from './common/validation.js';
import type { AppConfig } from './config/config.js';
import { createHttpServer } from './http-server.js';
import { buildOpenApi, serveOpenApi } from './openapi.js';
import { DataPlaneDoor } from './proxy/data-plane.door.js';
import { requestIdOf } from './proxy/visit.js';
import { logRequests } from './request-log.js';
import { AsyncApiController } from './streaming/asyncapi/asyncapi.controller.js';
import type { Schemas } from './streaming/asyncapi/schema.js';
import { RawSocket } from './streaming/raw-socket.js';
import { isSocketIo, StreamingGateway } from './streaming/streaming.gateway.js';
import { dispatchUpgrades } from './upgrade-dispatcher.js';

export interface AppOptions {
  clock?: Clock;
  logger?: LoggerService | false;
}

const API_PREFIX = 'api/v1';
const UNPREFIXED_ROUTES = ['health', 'health/live', 'health/ready', 'docs-asyncapi', 'metrics'];
const CONTROL_PLANE_MAX_BODY_BYTES = 1024 * 1024;
const EXPOSED_HEADERS = [
  'x-request-id',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'idempotent-replayed',
];

/**
 * Builds the whole service, initialised and not listening: the daemon and the tests share it. The data plane's door
 * stands before Fastify and answers 503 by itself until the application is there.
 */
export async function createApp(
  config: AppConfig,
  options: AppOptions = {},
): Promise<NestFastifyApplication> {
  let door: DataPlaneDoor | undefined;
  const adapter = new FastifyAdapter({
    serverFactory: createHttpServer((request, response) => door?.handle(request, response) ?? false),
    genReqId: requestIdOf,
    bodyLimit: CONTROL_PLANE_MAX_BODY_BYTES,
    routerOptions: { ignoreDuplicateSlashes: false, maxParamLength: 512 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config, options.clock),
    adapter,
    {
      logger: options.logger,
      abortOnError: false,
      bodyParser: false,
    },
  );
  configure(app, config);
  await app.init();
  const dataPlane = app.get(DataPlaneDoor);
  door = dataPlane;
  app.get(StreamingGateway).attach(app.getHttpServer());
  const rawSocket = app.get(RawSocket);
  dispatchUpgrades(app.getHttpServer(), [
    (request, socket, head) => dataPlane.handleUpgrade(request, socket, head),
    (request, socket, head) => rawSocket.handleUpgrade(request, socket, head),
    isSocketIo,
  ]);
  return app;
}

function configure(app: NestFastifyApplication, config: AppConfig): void {
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const { secretKey, isLive } = config.payments.stripe;
  installCardGuard(fastify, secretKey !== undefined && !isLive);
  installBodyParsers(fastify);
  addAnswerHeaders(fastify);
  logRequests(fastify);
  app.setGlobalPrefix(API_PREFIX, { exclude: UNPREFIXED_ROUTES });
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ErrorFilter());
  if (config.server.corsOrigins.length > 0) enableCors(app, config.server.corsOrigins);
  if (config.server.docsPublic) serveDocuments(app);
}

/** The event catalogue shows the same objects as the routes do. */
function serveDocuments(app: NestFastifyApplication): void {
  serveOpenApi(app);
  app.get(AsyncApiController).describeWith(() => buildOpenApi(app).components?.schemas as Schemas);
}

/** On every answer of the control plane: its id; on the API's: that nobody may keep or reinterpret it. */
function addAnswerHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
  });
}

/** Credentials travel in headers that scripts set themselves; cookies are not used, so `*` gives nothing away. */
function enableCors(app: NestFastifyApplication, origins: readonly string[]): void {
  app.enableCors({
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
  });
}
