import { Injectable } from '@nestjs/common';
import { isDomainError } from '../../../../common/domain-error.js';
import { parseTimeLimitHeader } from '../../../../common/time-limit.js';
import { AppConfig } from '../../../../config/config.js';
import { passBodyOf } from '../../../body-passage.js';
import type { Destination } from '../../../destination.js';
import { requireModel, requireTarget } from '../../../key-limits.js';
import { ProxyService, type ProxyRequest } from '../../../proxy.service.js';
import { TransparentHandler } from '../../../transparent.handler.js';
import type { Visit } from '../../../visit.js';
import { X_POOL, poolNameOf } from '../../../openai/x-pool.js';
import { ModelRouting, type ModelWish } from '../models/model-routing.js';
import { unknownPath } from '../open-inference.errors.js';
import { OpenInferenceAnswer } from './open-inference-answer.js';
import { OwnAnswers } from './own-answers.js';
import { readSurfacePath } from './surface-path.js';

/** The caller's credentials are for us and never go upstream. */
const WITHHELD: ReadonlySet<string> = new Set(['authorization', 'cookie', X_POOL]);

interface Sent {
  body: ProxyRequest['body'];
  /** Of a body on its way. */
  contentLength: string | undefined;
  timeLimitMs: number | undefined;
}

/**
 * `/v2/*`: the Open Inference Protocol onto the pool that serves the model, its bytes unchanged in both directions.
 * Requests are not checked: the specification's own example would not pass (a tensor of shape [3] with one element).
 */
@Injectable()
export class OpenInferenceHandler {
  constructor(
    private readonly config: AppConfig,
    private readonly own: OwnAnswers,
    private readonly routing: ModelRouting,
    private readonly transparent: TransparentHandler,
    private readonly proxy: ProxyService,
  ) {}

  /** @throws DomainError (or rejects) when the request is refused before anything is sent */
  serve(visit: Visit): void | Promise<void> {
    const { headers } = visit.request;
    const timeLimitMs = parseTimeLimitHeader(headers['x-timelimit']);
    const path = readSurfacePath(visit.match.rest);
    const poolName = poolNameOf(headers);
    if (path.kind !== 'model' && poolName === undefined) {
      if (path.kind === 'other') throw unknownPath();
      return this.own.serve(visit, path.kind);
    }
    const wish = { model: path.kind === 'model' ? path.model : undefined, poolName };
    requireModel(visit.caller, wish.model);
    const destination = this.routing.route(visit.caller.userId, wish);
    const pass = (found: Destination): void => this.pass(visit, wish, found, timeLimitMs);
    return destination instanceof Promise ? destination.then(pass) : pass(destination);
  }

  private pass(
    visit: Visit,
    wish: ModelWish,
    destination: Destination,
    timeLimitMs: number | undefined,
  ): void {
    if (visit.response.destroyed) return;
    passBodyOf(visit, this.config.proxy, (body, contentLength) => {
      const send = (to: Destination): void => this.send(visit, to, { body, contentLength, timeLimitMs });
      try {
        send(destination);
      } catch (error) {
        this.lookAgain(visit, wish, error)
          .then(send)
          .catch((late: unknown) => visit.refuse(late));
      }
    });
  }

  /** Nobody healthy: an instance may have begun to serve a moment ago, and its owner knows already. */
  private async lookAgain({ caller }: Visit, wish: ModelWish, error: unknown): Promise<Destination> {
    const isNobody = isDomainError(error, 'no_healthy_instance');
    const look = isNobody ? this.routing.lookAgain(caller.userId) : undefined;
    if (!look) throw error;
    await look;
    return this.routing.route(caller.userId, wish);
  }

  private send(visit: Visit, destination: Destination, { body, contentLength, timeLimitMs }: Sent): void {
    if (visit.response.destroyed) return;
    requireTarget(visit.caller, destination);
    const headers = this.transparent.headersFor(visit, destination, contentLength, WITHHELD);
    const method = visit.request.method ?? 'POST';
    const path = visit.match.rest;
    const request = { method, path, headers, body, timeLimitMs, protocol: 'openinference' };
    const answer = new OpenInferenceAnswer(visit, this.config.proxy.idleTimeoutMs);
    this.proxy.run(visit, destination, request, answer);
  }
}
