import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import { costOfRequest } from '../pricing.js';

/** Tokens of a request, as far as they are known. */
export interface TokenCount {
  inputTokens?: number;
  outputTokens?: number;
}

/** Prompts in any script and JSON around them have more bytes per token than this, as a rule. */
const INPUT_BYTES_PER_TOKEN = 3;
/** Held for an answer whose length the request does not limit; longer streams extend it while they run. */
const USUAL_MOST_OUTPUT_TOKENS = 4096;

/** What requests cost, before and after. */
@Injectable()
export class RequestPricing {
  /** Requests cost nothing; the rental pays. */
  readonly isFree: boolean;

  constructor(private readonly config: AppConfig) {
    const { requestPriceMicro, tokenPriceNano } = config.billing;
    this.isFree = requestPriceMicro === 0 && tokenPriceNano === 0;
  }

  costOf({ inputTokens = 0, outputTokens = 0 }: TokenCount): number {
    return costOfRequest(this.config.billing, inputTokens + outputTokens);
  }

  /**
   * What to hold for a request with a body of so many bytes.
   * @param mostOutputTokens the request's own limit (`max_tokens`), when it has one
   */
  worstCaseMicro(bodyBytes: number, mostOutputTokens = USUAL_MOST_OUTPUT_TOKENS): number {
    if (this.config.billing.tokenPriceNano === 0) return this.config.billing.requestPriceMicro;
    const inputTokens = Math.ceil(bodyBytes / INPUT_BYTES_PER_TOKEN);
    return this.costOf({ inputTokens, outputTokens: mostOutputTokens });
  }
}
