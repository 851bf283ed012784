import { Injectable } from '@nestjs/common';
import { parseTimeLimitHeader } from '../common/time-limit.js';
import type { Destination } from './destination.js';
import type { EnvelopeRequest } from './envelope-request.js';
import { forwardingOf } from './forwarding.js';
import { Peers } from './peers.js';
import { buildRequestHeaders } from './request-headers.js';
import type { Visit } from './visit.js';

const NOTHING: ReadonlySet<string> = new Set();

/** What the requests of POST gpu/proxy carry upstream, whatever their protocol. */
@Injectable()
export class EnvelopeForwarding {
  constructor(private readonly peers: Peers) {}

  /**
   * The flat headers. An X-API-Key written into the JSON is for the upstream; the one in our own head never gets here.
   * @param defaults names in lower case; the JSON's headers come before them
   */
  headersFor(
    visit: Visit,
    envelope: EnvelopeRequest,
    destination: Destination,
    defaults: Readonly<Record<string, string>>,
  ): string[] {
    const { request, requestId } = visit;
    const given = Object.entries({ ...defaults, ...lowerNames(envelope.headers) });
    const apiKey = given.filter(([name]) => name === 'x-api-key');
    return buildRequestHeaders({
      rawHeaders: given.flat(),
      httpVersion: request.httpVersion,
      connection: undefined,
      via: undefined,
      te: undefined,
      withheld: NOTHING,
      forwarding: forwardingOf(request, this.peers.of(request.socket)),
      requestId,
      contentLength: undefined,
      upstreamHeaders: {
        ...Object.fromEntries(apiKey),
        ...destination.upstreamHeaders,
        ...envelope.upstreamHeaders,
      },
    });
  }

  /**
   * Total wall time in ms: the smaller of the JSON's and the header's.
   * @throws DomainError 400 `invalid_time_limit`
   */
  timeLimitOf({ request }: Visit, { timeoutMs }: EnvelopeRequest): number | undefined {
    const limits = [timeoutMs, parseTimeLimitHeader(request.headers['x-timelimit'])];
    const given = limits.filter((limit) => limit !== undefined);
    return given.length > 0 ? Math.min(...given) : undefined;
  }
}

function lowerNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
