import type { IncomingHttpHeaders } from 'node:http';
import type { ProcessorOutcome, SavedMethodDetails } from './payment-processor.js';

/** Understands a processor's call-backs. */
export interface CallbackReader {
  /**
   * Reads a call-back after checking its signature over the text as it came. Touches neither database nor network.
   * @returns undefined for anything that is not provably from the processor; the caller learns no reason
   */
  verify(rawBody: string, headers: IncomingHttpHeaders): VerifiedCallback | undefined;

  /**
   * What a call-back that was verified and stored means *now*: asks the processor where it can, because call-backs come
   * twice, late and in any order. Empty = of no concern here. Shared services act on the news.
   * @throws anything when the processor cannot be asked: the call-back is read again later
   */
  read(callback: StoredCallback): Promise<readonly CallbackNews[]>;
}

export interface VerifiedCallback {
  /** Unique per processor; the same call-back delivered twice has the same. */
  eventId: string;
  type: string;
  /** What `read` needs, nothing more: it is stored. */
  data: Readonly<Record<string, string | number | boolean | null>>;
}

export interface StoredCallback extends VerifiedCallback {
  receivedAt: number;
}

export type CallbackNews =
  | { kind: 'payment'; paymentId?: string; externalId: string; outcome: ProcessorOutcome }
  | ({ kind: 'refund' } & RefundNews)
  | ({ kind: 'dispute' } & DisputeNews)
  | { kind: 'method'; userId: string; method: SavedMethodDetails }
  | { kind: 'method_removed'; externalId: string };

export interface RefundNews {
  externalId: string;
  /** Our refund's id; absent for one that was made at the processor by hand. */
  refundId?: string;
  /** Our payment's id. */
  paymentId: string;
  amountMicro: number;
  state: 'pending' | 'succeeded' | 'failed';
}

export interface DisputeNews {
  externalId: string;
  paymentId: string;
  amountMicro: number;
  /** `open`: the money is gone, or about to go. */
  state: 'open' | 'won' | 'lost';
}
