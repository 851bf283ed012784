import type { DomainError } from '../common/domain-error.js';

/** Who served a request, and at which attempt. */
export interface Served {
  instanceId: string | undefined;
  attempts: number;
}

/** Hears how many tokens have passed so far. */
export type TokenListener = (outputTokens: number) => void;

/**
 * Where an answer goes: to the client as it comes, or into an envelope. Exactly one of `end`, `refuse` and `cut`
 * is called last.
 */
export interface AnswerSink {
  /** Called once. May throw when the head cannot be passed on. */
  head(status: number, reason: string, rawHeaders: readonly string[], served: Served): void;
  /** False: no more until `exchange.resume()`. */
  data(chunk: Buffer): boolean;
  end(rawTrailers: readonly string[]): void;
  /** There is no answer; the client has seen nothing yet. */
  refuse(error: DomainError, served: Served): void;
  /** The answer broke off after its head: the client must not take it for complete. */
  cut(error: DomainError): void;
}
