import { creditsFromMicro } from '../../common/money.js';
import type { AutoRenewRule, RenewTrigger } from './auto-renew-rule.entity.js';

/** Automatic renewal as the user has set it; amounts in USD = credits. */
export class AutoRenewView {
  enabled: boolean;
  trigger: RenewTrigger | null;
  threshold: number | null;
  amount: number | null;
  monthly_limit: number | null;
  payment_method: string | null;
  /** What renewals have bought in this calendar month (UTC). */
  renewed_this_month: number;

  static from(rule: AutoRenewRule | undefined, renewedMicro: number): AutoRenewView {
    const credits = (micro: number | null | undefined): number | null =>
      micro === null || micro === undefined ? null : creditsFromMicro(micro);
    return {
      enabled: rule?.isEnabled ?? false,
      trigger: rule?.trigger ?? null,
      threshold: credits(rule?.thresholdMicro),
      amount: credits(rule?.amountMicro),
      monthly_limit: credits(rule?.monthlyLimitMicro),
      payment_method: rule?.paymentMethod ?? null,
      renewed_this_month: creditsFromMicro(renewedMicro),
    };
  }
}
