import { Injectable } from '@nestjs/common';
import { Clock } from '../../../../common/clock.js';
import type { Destination } from '../../../destination.js';
import { EnvelopeForwarding } from '../../../envelope-forwarding.js';
import type { EnvelopeRequest } from '../../../envelope-request.js';
import { requireModel } from '../../../key-limits.js';
import type { Visit } from '../../../visit.js';
import type { ProtocolHandler } from '../../protocol-handler.js';
import { badField } from './envelope.errors.js';
import { InferenceConversation } from './inference-conversation.js';
import { readInferenceRequest } from './inference-request.js';
import { InferenceRunner } from './inference-runner.js';

/** What a target_url may start with, and what it means for a connection. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['http:', 'http:'],
  ['https:', 'https:'],
  ['grpc:', 'http:'],
  ['grpcs:', 'https:'],
]);

/**
 * `openinference` in POST gpu/proxy: a prompt, messages or tensors go in, an OpenAI completion comes out, whatever the
 * server speaks.
 */
@Injectable()
export class OpenInferenceProtocol implements ProtocolHandler {
  readonly name = 'openinference';
  readonly extraFields = ['dialect'];

  constructor(
    private readonly forwarding: EnvelopeForwarding,
    private readonly conversation: InferenceConversation,
    private readonly runner: InferenceRunner,
    private readonly clock: Clock,
  ) {}

  transportOf(target: URL): URL {
    const scheme = SCHEMES.get(target.protocol);
    if (scheme === undefined) {
      throw badField('target_url', 'must start with http://, https://, grpc:// or grpcs://');
    }
    return new URL(`${scheme}${target.href.slice(target.protocol.length)}`);
  }

  /** @throws DomainError (rejects) 422, and when there is nothing to send to; everything later is answered */
  async serve(visit: Visit, envelope: EnvelopeRequest, destination: Destination): Promise<void> {
    const request = readInferenceRequest(envelope);
    requireModel(visit.caller, request.model);
    const timeLimitMs = this.forwarding.timeLimitOf(visit, envelope);
    const asked = { visit, envelope, destination, request, timeLimitMs };
    const created = Math.floor(this.clock.now() / 1000);
    await this.runner.run({
      visit,
      destination,
      timeLimitMs,
      attempt: (attempt) => this.conversation.hold(asked, attempt, created),
    });
  }
}
