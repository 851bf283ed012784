import type { DomainError } from '../../../common/domain-error.js';
import type { Served } from '../../answer-sink.js';
import { upstreamTooLarge } from '../../proxy.errors.js';
import type { Visit } from '../../visit.js';
import { headersOf, responseOf, type FinishedCall } from './mcp-answer-parts.js';
import type { McpSink } from './mcp-sink.js';

const MOST_BYTES = 67_108_864;

/** Collects the response and what was notified before it, and puts them into JSON. */
export class McpEnvelope implements McpSink {
  private readonly notifications: string[] = [];
  private size = 0;

  constructor(private readonly visit: Visit) {}

  streaming(): void {
    // The envelope is written at the end.
  }

  notified(source: string): void {
    this.size += source.length;
    if (this.size > MOST_BYTES) throw upstreamTooLarge(MOST_BYTES);
    this.notifications.push(source);
  }

  finish(finished: FinishedCall, served: Served): void {
    const members = [
      `"status_code":${finished.result.outcome.status}`,
      `"headers":${JSON.stringify(headersOf(finished.result))}`,
      `"body":${responseOf(finished) ?? 'null'}`,
      `"notifications":[${this.notifications.join(',')}]`,
      `"duration_ms":${this.visit.durationMs}`,
      `"attempts":${served.attempts}`,
    ];
    if (served.instanceId !== undefined) members.push(`"instance_id":${JSON.stringify(served.instanceId)}`);
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    this.visit.answer(200, headers, Buffer.from(`{${members.join(',')}}`), served);
  }

  fail(error: DomainError, served: Served): void {
    this.visit.refuse(error, served);
  }
}
