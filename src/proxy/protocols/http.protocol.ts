import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import { ClientAnswer } from '../client-answer.js';
import type { Destination } from '../destination.js';
import { EnvelopeAnswer } from '../envelope-answer.js';
import { EnvelopeForwarding } from '../envelope-forwarding.js';
import type { EnvelopeRequest } from '../envelope-request.js';
import { requireModel } from '../key-limits.js';
import { invalidProxyRequest } from '../proxy.errors.js';
import { ProxyService } from '../proxy.service.js';
import type { Visit } from '../visit.js';
import type { ProtocolHandler } from './protocol-handler.js';

/** Plain HTTP. With a pool or an instance the scheme is the instance's; a target_url says the same as `protocol`. */
@Injectable()
export class HttpProtocol implements ProtocolHandler {
  readonly name: string = 'http';
  readonly extraFields = [];

  constructor(
    private readonly config: AppConfig,
    private readonly forwarding: EnvelopeForwarding,
    private readonly proxy: ProxyService,
  ) {}

  serve(visit: Visit, envelope: EnvelopeRequest, destination: Destination): void {
    this.checkScheme(envelope);
    requireModel(visit.caller, undefined);
    const body = bodyOf(envelope);
    const request = {
      protocol: this.name,
      method: envelope.method ?? (body ? 'POST' : 'GET'),
      path: pathOf(envelope),
      headers: this.forwarding.headersFor(visit, envelope, destination, defaultHeaders(envelope)),
      body,
      timeLimitMs: this.forwarding.timeLimitOf(visit, envelope),
    };
    const sink = envelope.isStream
      ? new ClientAnswer(visit, this.config.proxy.idleTimeoutMs)
      : new EnvelopeAnswer(visit);
    this.proxy.run(visit, destination, request, sink);
  }

  private checkScheme({ targetUrl }: EnvelopeRequest): void {
    if (targetUrl && targetUrl.protocol !== `${this.name}:`) {
      throw invalidProxyRequest([{ field: 'target_url', message: `must start with ${this.name}://` }]);
    }
  }
}

@Injectable()
export class HttpsProtocol extends HttpProtocol {
  override readonly name = 'https';
}

/** A text is sent as it is, everything else as the JSON that it was written in. */
function bodyOf({ body }: EnvelopeRequest): Buffer | null {
  if (!body) return null;
  return Buffer.from(typeof body.value === 'string' ? body.value : body.source);
}

/** Compressed answers would have to be told in base64. */
function defaultHeaders({ body }: EnvelopeRequest): Record<string, string> {
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'gpuproxy' };
  if (!body) return headers;
  const type = typeof body.value === 'string' ? 'text/plain; charset=utf-8' : 'application/json';
  return { ...headers, 'content-type': type };
}

function pathOf({ targetUrl, path }: EnvelopeRequest): string {
  return targetUrl ? `${targetUrl.pathname}${targetUrl.search}` : (path ?? '/');
}
