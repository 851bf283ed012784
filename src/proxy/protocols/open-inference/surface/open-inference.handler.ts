import { Injectable } from '@nestjs/common';
import { parseTimeLimitHeader } from '../../../../common/time-limit.js';
import { AppConfig } from '../../../../config/config.js';
import { passBodyOf } from '../../../body-passage.js';
import type { Destination } from '../../../destination.js';
import { ProxyService } from '../../../proxy.service.js';
import { TransparentHandler } from '../../../transparent.handler.js';
import type { Visit } from '../../../visit.js';
import { X_POOL, poolNameOf } from '../../../openai/x-pool.js';
import { ModelRouting } from '../models/model-routing.js';
import { unknownPath } from '../open-inference.errors.js';
import { OpenInferenceAnswer } from './open-inference-answer.js';
import { OwnAnswers } from './own-answers.js';
import { readSurfacePath } from './surface-path.js';

/** The caller's credentials are for us and never go upstream. */
const WITHHELD: ReadonlySet<string> = new Set(['authorization', 'cookie', X_POOL]);

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
    const model = path.kind === 'model' ? path.model : undefined;
    const destination = this.routing.route(visit.caller.userId, { model, poolName });
    return destination instanceof Promise
      ? destination.then((found) => this.pass(visit, found, timeLimitMs))
      : this.pass(visit, destination, timeLimitMs);
  }

  private pass(visit: Visit, destination: Destination, timeLimitMs: number | undefined): void {
    if (visit.response.destroyed) return;
    passBodyOf(visit, this.config.proxy, (body, contentLength) => {
      const headers = this.transparent.headersFor(visit, destination, contentLength, WITHHELD);
      const method = visit.request.method ?? 'POST';
      const path = visit.match.rest;
      const request = { method, path, headers, body, timeLimitMs, protocol: 'openinference' };
      const answer = new OpenInferenceAnswer(visit, this.config.proxy.idleTimeoutMs);
      this.proxy.run(visit, destination, request, answer);
    });
  }
}
