import { Inject, Injectable } from '@nestjs/common';
import { isDomainError } from '../common/domain-error.js';
import { BodyCollector } from './body-collector.js';
import type { Destination } from './destination.js';
import { DestinationFinder } from './destination-finder.js';
import { readEnvelope, type EnvelopeRequest } from './envelope-request.js';
import { requireTarget } from './key-limits.js';
import { PROTOCOL_HANDLERS } from './protocols/index.js';
import type { ProtocolHandler } from './protocols/protocol-handler.js';
import { malformedJson } from './proxy.errors.js';
import { describeFailure } from './upstream-failure.js';
import type { Visit } from './visit.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** POST /api/v1/gpu/proxy: a request described in JSON. Reached through the data plane's door, for its limits and its size. */
@Injectable()
export class ProxyController {
  constructor(
    private readonly bodies: BodyCollector,
    private readonly finder: DestinationFinder,
    @Inject(PROTOCOL_HANDLERS) private readonly protocols: readonly ProtocolHandler[],
  ) {}

  /** @throws DomainError 413 when the body is declared too large; later refusals are answered */
  serve(visit: Visit): void {
    this.bodies.collect(visit, { whole: (body) => this.answer(visit, body) });
  }

  private async answer(visit: Visit, body: Buffer): Promise<void> {
    try {
      const envelope = readEnvelope(decode(body), this.protocols);
      const handler = this.protocols.find(({ name }) => name === envelope.protocol);
      const destination = await this.destinationOf(visit, envelope, handler);
      requireTarget(visit.caller, destination);
      await handler?.serve(visit, envelope, destination);
    } catch (error) {
      visit.refuse(isDomainError(error) ? error : describeFailure(error as Error, 'connect').error);
    }
  }

  private async destinationOf(
    visit: Visit,
    envelope: EnvelopeRequest,
    handler: ProtocolHandler | undefined,
  ): Promise<Destination> {
    const { userId } = visit.caller;
    const { pool, instanceId, targetUrl } = envelope;
    if (pool !== undefined) return this.finder.pool(userId, pool);
    if (instanceId !== undefined) return this.finder.instance(userId, instanceId);
    const url = targetUrl as URL;
    return this.finder.target(userId, handler?.transportOf?.(url) ?? url);
  }
}

/** Bytes that are no UTF-8 would not arrive as they were sent. */
function decode(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw malformedJson();
  }
}
