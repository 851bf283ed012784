import { creditsFromMicro } from '../../common/money.js';
import type { Earnings } from '../../credits/economics/economics.js';

/** What came in and what it cost; credits = USD. */
export class EarningsView {
  /** What requests were charged themselves. */
  request_revenue_credits: number;
  /** What rentals were charged, or the share of it. */
  gpu_revenue_credits: number;
  /** Both together. */
  revenue_credits: number;
  /** What the farms take, or the share of it. */
  gpu_cost_credits: number;
  margin_credits: number;

  static from({ requestRevenueMicro, gpuRevenueMicro, gpuCostMicro }: Earnings): EarningsView {
    const revenueMicro = requestRevenueMicro + gpuRevenueMicro;
    return {
      request_revenue_credits: creditsFromMicro(requestRevenueMicro),
      gpu_revenue_credits: creditsFromMicro(gpuRevenueMicro),
      revenue_credits: creditsFromMicro(revenueMicro),
      gpu_cost_credits: creditsFromMicro(gpuCostMicro),
      margin_credits: creditsFromMicro(revenueMicro - gpuCostMicro),
    };
  }
}
