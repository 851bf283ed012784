import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import { costOfRequest } from '../pricing.js';

/** Tokens of a request, as far as they are known. */
export interface TokenCount {
  inputTokens?: number;
  outputTokens?: number;
}

/** What is known of a request before it is sent. */
export interface RequestSize {
  bodyBytes: number;
  /** The request's own limit (`max_tokens`), when it has one. */
  mostOutputTokens?: number;
  /** The time after which it is cut, when it has such a limit. */
  timeLimitMs?: number;
}

/** Prompts in any script and JSON around them have more bytes per token than this, as a rule. */
const INPUT_BYTES_PER_TOKEN = 3;
/** Held for an answer that the request does not limit; longer ones extend it while they run. */
const USUAL_MOST_OUTPUT_TOKENS = 4096;
const USUAL_MOST_MS = 60_000;

/** What requests cost, before and after. */
@Injectable()
export class RequestPricing {
  /** Requests cost nothing; the rental pays. */
  readonly isFree: boolean;
  /** The cost grows while a request is under way. */
  readonly isByToken: boolean;
  readonly isBySecond: boolean;

  constructor(private readonly config: AppConfig) {
    const { requestPriceMicro, tokenPriceNano, secondPriceMicro } = config.billing;
    this.isByToken = tokenPriceNano > 0;
    this.isBySecond = secondPriceMicro > 0;
    this.isFree = requestPriceMicro === 0 && !this.isByToken && !this.isBySecond;
  }

  costOf({ inputTokens = 0, outputTokens = 0 }: TokenCount, durationMs = 0): number {
    return costOfRequest(this.config.billing, inputTokens + outputTokens, durationMs);
  }

  /** What to hold for a request. */
  worstCaseMicro({ bodyBytes, mostOutputTokens, timeLimitMs }: RequestSize): number {
    const inputTokens = Math.ceil(bodyBytes / INPUT_BYTES_PER_TOKEN);
    const outputTokens = mostOutputTokens ?? USUAL_MOST_OUTPUT_TOKENS;
    return this.costOf({ inputTokens, outputTokens }, timeLimitMs ?? USUAL_MOST_MS);
  }
}
