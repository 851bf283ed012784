import type { McpObserver, McpOutcome } from './mcp-exchange.js';
import type { OutgoingCall } from './mcp-request.js';

/** A server that is ready to be called, in the era that it speaks. */
export interface McpChannel {
  isModern: boolean;
  /** What was learned of the server is filed under it. */
  key: string;
  /** The session, when the caller may know it. */
  sessionId?: string;
  /**
   * Sends a request, or a notification.
   * @param extraHeaders flat, for modern servers
   * @throws EraChanged, SendFailure, DomainError, or what the signal is aborted with
   */
  call(call: OutgoingCall, options: CallOptions): Promise<McpOutcome>;
  /** Nothing more is called. */
  close(): void;
}

export interface CallOptions {
  isNotification: boolean;
  extraHeaders: readonly string[];
  observer: McpObserver;
  signal: AbortSignal;
}

/** The server answers like one of the other era: nothing was run. */
export class EraChanged extends Error {}

/** For requests that the caller has not asked for. */
export const NOBODY: McpObserver = {
  answered: () => undefined,
  streaming: () => undefined,
  notified: () => undefined,
};
