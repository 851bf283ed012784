import { Injectable } from '@nestjs/common';
import type { Destination } from '../../../destination.js';
import { EnvelopeForwarding } from '../../../envelope-forwarding.js';
import type { EnvelopeRequest } from '../../../envelope-request.js';
import type { Visit } from '../../../visit.js';
import { McpHttp } from '../../mcp/mcp-http.js';
import { GrpcCaller } from '../grpc/grpc-caller.js';
import { GrpcTarget } from '../grpc/grpc-target.js';
import { HttpTarget } from './http-target.js';
import type { InferTarget } from './infer-target.js';
import type { InferenceRequest } from './inference-request.js';
import type { Attempt } from './inference-runner.js';

/** One request of POST gpu/proxy. */
export interface Asked {
  visit: Visit;
  envelope: EnvelopeRequest;
  destination: Destination;
  request: InferenceRequest;
  timeLimitMs: number | undefined;
}

/** Headers that this client writes itself. */
const OURS = /^(?:accept|content-type)$/i;
/** Compressed answers could not be read. */
const DEFAULTS = { 'accept-encoding': 'identity', 'user-agent': 'gpuproxy' };

/** Makes the other end of a conversation. */
@Injectable()
export class InferTargets {
  constructor(
    private readonly forwarding: EnvelopeForwarding,
    private readonly http: McpHttp,
    private readonly grpc: GrpcCaller,
  ) {}

  at({ visit, envelope, destination, request, timeLimitMs }: Asked, attempt: Attempt): InferTarget {
    const { origin, kind } = attempt.route;
    const tenant = visit.caller.userId;
    const { signal, tally } = attempt;
    const given = Object.entries(envelope.headers).filter(([name]) => !OURS.test(name));
    const passed = { ...envelope, headers: Object.fromEntries(given) };
    const headers = this.forwarding.headersFor(visit, passed, destination, DEFAULTS);
    const place = { tenant, origin, kind };
    if (request.dialect !== 'oip-grpc') {
      return new HttpTarget(this.http, { ...place, path: '/', headers, key: '', tally }, signal);
    }
    const model = request.model ?? '';
    return new GrpcTarget(this.grpc, { place, headers, signal, timeLimitMs, model, tally });
  }
}
