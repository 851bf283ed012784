import type { UsageSums } from '../../credits/economics/economics.js';
import { EarningsView } from './earnings.view.js';

/** Requests of one user, pool and day, or of what was asked to add up by. Amounts in credits = USD. */
export class UsageSumsView extends EarningsView {
  user_id: string | null;
  pool: string | null;
  /** `YYYY-MM-DD`, UTC. */
  day: string | null;
  requests: number;
  input_tokens: number;
  output_tokens: number;

  static override from(sums: UsageSums): UsageSumsView {
    return {
      user_id: sums.userId,
      pool: sums.pool,
      day: sums.day === null ? null : new Date(sums.day).toISOString().slice(0, 10),
      requests: sums.requests,
      input_tokens: sums.inputTokens,
      output_tokens: sums.outputTokens,
      ...EarningsView.from(sums),
    };
  }
}

export class AdminUsageView {
  from: string;
  /** Exclusive. */
  to: string;
  usage: UsageSumsView[];
  /** What the ledger booked in the same time. It has the idle time of rentals too, which is no request's. */
  booked: EarningsView;
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;
}
