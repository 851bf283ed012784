import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { isDomainError } from '../../common/domain-error.js';
import { parseTimeLimitHeader } from '../../common/time-limit.js';
import { AppConfig } from '../../config/config.js';
import { passBodyOf } from '../body-passage.js';
import type { Destination } from '../destination.js';
import { requireModel, requireTarget } from '../key-limits.js';
import { malformedJson } from '../proxy.errors.js';
import { ProxyService, type ProxyRequest } from '../proxy.service.js';
import { hasBody, PassingBody } from '../request-body.js';
import { TransparentHandler } from '../transparent.handler.js';
import type { Visit } from '../visit.js';
import { BodyCollector } from '../body-collector.js';
import {
  applySplices,
  readCompletionRequest,
  renameModel,
  type CompletionRequest,
  type Splice,
} from './completion-request.js';
import { LongCompletion, modelAtStart } from './long-completion.js';
import { ModelRouter, type ModelRoute } from './model-router.js';
import { OpenAiAnswer } from './openai-answer.js';
import { poolRequired } from './openai.errors.js';
import { X_POOL, poolNameOf } from './x-pool.js';

/**
 * The caller's credentials are for us. Without Accept-Encoding answers come as they are: usage is read from their bytes,
 * and inference servers have little to compress.
 */
const WITHHELD: ReadonlySet<string> = new Set(['authorization', 'cookie', X_POOL, 'accept-encoding']);

/** Their streams tell the usage when they are asked with `stream_options`. */
const COMPLETIONS: ReadonlySet<string> = new Set(['/v1/chat/completions', '/v1/completions']);

/** What curl says of JSON when it is not told better. */
const FORM_TYPE = 'application/x-www-form-urlencoded';
const NOT_JSON = /^(?:multipart|audio|image|video)\/|octet-stream/i;

interface Sent {
  body: ProxyRequest['body'];
  /** Of a body on its way. */
  contentLength: string | undefined;
  timeLimitMs: number | undefined;
}

/** `/v1/*`: requests to the pool that serves their model, or to the one in X-Pool. */
@Injectable()
export class OpenAiHandler {
  constructor(
    private readonly config: AppConfig,
    private readonly router: ModelRouter,
    private readonly bodies: BodyCollector,
    private readonly transparent: TransparentHandler,
    private readonly proxy: ProxyService,
  ) {}

  /** @throws DomainError (or rejects) when the request is refused before anything is sent */
  serve(visit: Visit): void | Promise<void> {
    const { request, caller } = visit;
    const timeLimitMs = parseTimeLimitHeader(request.headers['x-timelimit']);
    if (hasBody(request) && mayBeJson(request.headers)) {
      return this.bodies.collect(visit, {
        whole: (body) => this.lookTwice(caller, () => this.serveJson(visit, body, timeLimitMs)),
        long: (beginning) => {
          const model = modelAtStart(beginning);
          if (model === undefined) return undefined;
          return () => this.lookTwice(caller, () => this.passLong(visit, model, timeLimitMs));
        },
      });
    }
    const poolName = poolNameOf(request.headers);
    if (poolName === undefined) throw poolRequired();
    return this.lookTwice(caller, () => {
      const route = this.router.route(caller.userId, { model: undefined, poolName });
      return whenFound(route, ({ destination, model }) => {
        requireAllowed(caller, destination, model);
        this.pass(visit, destination, timeLimitMs);
      });
    });
  }

  /** Nobody healthy: an instance may have begun to serve a moment ago, and its owner knows already. */
  private lookTwice(caller: Caller, work: () => void | Promise<void>): void | Promise<void> {
    try {
      const served = work();
      return served && served.catch((error: unknown) => this.lookAgain(caller, work, error));
    } catch (error) {
      return this.lookAgain(caller, work, error);
    }
  }

  private lookAgain(
    { userId }: Caller,
    work: () => void | Promise<void>,
    error: unknown,
  ): void | Promise<void> {
    const look = isDomainError(error, 'no_healthy_instance') ? this.router.lookAgain(userId) : undefined;
    if (!look) throw error;
    return look.then(work);
  }

  private serveJson(visit: Visit, body: Buffer, timeLimitMs: number | undefined): void | Promise<void> {
    const { request, caller } = visit;
    const poolName = poolNameOf(request.headers);
    const asked = readCompletionRequest(body);
    if (!asked && poolName === undefined) throw malformedJson();
    const route = this.router.route(caller.userId, { model: asked?.model?.text, poolName });
    return whenFound(route, ({ destination, model }) => {
      requireAllowed(caller, destination, model);
      const question = COMPLETIONS.has(visit.match.route.template) ? asked?.usageQuestion : undefined;
      const splices = [rename(asked, model), question].filter((splice) => splice !== undefined);
      const sent = { body: applySplices(body, splices), contentLength: undefined, timeLimitMs };
      this.send(visit, asJson(destination, request.headers), sent, () => question !== undefined);
    });
  }

  /** Its model is known; the rest of it is read in passing. */
  private passLong(visit: Visit, asked: string, timeLimitMs: number | undefined): void | Promise<void> {
    const { request, caller } = visit;
    const { maxBodyBytes, idleTimeoutMs } = this.config.proxy;
    const poolName = poolNameOf(request.headers);
    const route = this.router.route(caller.userId, { model: asked, poolName });
    return whenFound(route, ({ destination, model = asked }) => {
      const asksUsage = COMPLETIONS.has(visit.match.route.template);
      const edit = new LongCompletion({ model: model === asked ? undefined : model, asksUsage });
      const body = new PassingBody(request, maxBodyBytes, idleTimeoutMs, edit);
      const sent = { body, contentLength: undefined, timeLimitMs };
      this.send(visit, asJson(destination, request.headers), sent, () => edit.dropsUsage);
    });
  }

  /** Audio, pictures, questions without a body: nothing of them is read. */
  private pass(visit: Visit, destination: Destination, timeLimitMs: number | undefined): void {
    passBodyOf(visit, this.config.proxy, (body, contentLength) =>
      this.send(visit, destination, { body, contentLength, timeLimitMs }, () => false),
    );
  }

  private send(
    visit: Visit,
    destination: Destination,
    { body, contentLength, timeLimitMs }: Sent,
    dropsUsage: () => boolean,
  ): void {
    if (visit.response.destroyed) return;
    const method = visit.request.method ?? 'POST';
    const headers = this.transparent.headersFor(visit, destination, contentLength, WITHHELD);
    const request = { method, path: visit.match.rest, headers, body, timeLimitMs, protocol: 'openai' };
    const answer = new OpenAiAnswer(visit, this.config.proxy.idleTimeoutMs, dropsUsage);
    this.proxy.run(visit, destination, request, answer);
  }
}

/** What does not say otherwise: clients forget the type, or compress what then cannot be read. */
function mayBeJson({ 'content-type': type, 'content-encoding': encoding }: IncomingHttpHeaders): boolean {
  const isPlain = encoding === undefined || encoding === 'identity';
  return isPlain && (type === undefined || !NOT_JSON.test(type));
}

function asJson(destination: Destination, headers: IncomingHttpHeaders): Destination {
  if (!headers['content-type']?.startsWith(FORM_TYPE)) return destination;
  return {
    ...destination,
    upstreamHeaders: { 'content-type': 'application/json', ...destination.upstreamHeaders },
  };
}

function requireAllowed(caller: Caller, destination: Destination, model: string | undefined): void {
  requireTarget(caller, destination);
  requireModel(caller, model);
}

function rename(asked: CompletionRequest | undefined, model: string | undefined): Splice | undefined {
  const given = asked?.model;
  if (!given || model === undefined || model === given.text) return undefined;
  return renameModel(given.span, model);
}

function whenFound(
  route: ModelRoute | Promise<ModelRoute>,
  go: (route: ModelRoute) => void,
): void | Promise<void> {
  return route instanceof Promise ? route.then(go) : go(route);
}
