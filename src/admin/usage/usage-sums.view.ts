import { creditsFromMicro } from '../../common/money.js';
import type { BookedSums, UsageSums } from '../../credits/economics/economics.js';

/** Requests of one user, pool and day, or of what was asked to add up by. Amounts in credits = USD. */
export class UsageSumsView {
  user_id: string | null;
  pool: string | null;
  /** `YYYY-MM-DD`, UTC. */
  day: string | null;
  requests: number;
  input_tokens: number;
  output_tokens: number;
  /** What requests were charged themselves. */
  request_revenue_credits: number;
  /** Their share of what rentals were charged. */
  gpu_revenue_credits: number;
  /** Both together. */
  revenue_credits: number;
  /** Their share of what the farms take. */
  gpu_cost_credits: number;
  margin_credits: number;

  static from(sums: UsageSums): UsageSumsView {
    return {
      user_id: sums.userId,
      pool: sums.pool,
      day: sums.day === null ? null : new Date(sums.day).toISOString().slice(0, 10),
      requests: sums.requests,
      input_tokens: sums.inputTokens,
      output_tokens: sums.outputTokens,
      ...earnings(sums),
    };
  }
}

/** What the ledger booked in the same time. It has the idle time of rentals too, which is no request's. */
export class BookedSumsView {
  request_revenue_credits: number;
  gpu_revenue_credits: number;
  revenue_credits: number;
  gpu_cost_credits: number;
  margin_credits: number;

  static from(sums: BookedSums): BookedSumsView {
    return earnings(sums);
  }
}

export class AdminUsageView {
  from: string;
  /** Exclusive. */
  to: string;
  usage: UsageSumsView[];
  booked: BookedSumsView;
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;
}

function earnings({ requestRevenueMicro, gpuRevenueMicro, gpuCostMicro }: BookedSums): BookedSumsView {
  const revenueMicro = requestRevenueMicro + gpuRevenueMicro;
  return {
    request_revenue_credits: creditsFromMicro(requestRevenueMicro),
    gpu_revenue_credits: creditsFromMicro(gpuRevenueMicro),
    revenue_credits: creditsFromMicro(revenueMicro),
    gpu_cost_credits: creditsFromMicro(gpuCostMicro),
    margin_credits: creditsFromMicro(revenueMicro - gpuCostMicro),
  };
}
