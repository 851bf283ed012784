import type { DomainError } from '../../../common/domain-error.js';
import type { Served } from '../../answer-sink.js';
import type { McpObserver } from './mcp-exchange.js';
import type { FinishedCall } from './mcp-answer-parts.js';

/** Where the answer to a call goes: into an envelope, or to the caller event by event. */
export interface McpSink extends Pick<McpObserver, 'streaming' | 'notified'> {
  finish(call: FinishedCall, served: Served): void;
  fail(error: DomainError, served: Served): void;
}
