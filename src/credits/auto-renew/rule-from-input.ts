import type { AutoRenewDto } from '../dto/auto-renew.dto.js';
import { MoneyInput } from '../../common/money-input.js';
import type { AutoRenewRule } from './auto-renew-rule.entity.js';

/**
 * The rule that a request asks for.
 * @throws DomainError 422 `invalid_input` naming every bad amount
 */
export function ruleFrom(
  userId: string,
  input: AutoRenewDto,
  rawBody: string | undefined,
): Omit<AutoRenewRule, 'updatedAt'> {
  const { trigger = 'threshold', payment_method: paymentMethod = null } = input;
  const money = new MoneyInput(input, rawBody);
  const thresholdMicro = trigger === 'threshold' ? (money.usd('threshold') ?? null) : null;
  const amountMicro = money.usd('amount') ?? 0;
  const monthlyLimitMicro = money.usd('monthly_limit') ?? 0;
  money.finish();
  if (amountMicro === 0) money.refuse('amount', 'amount must be more than zero');
  if (monthlyLimitMicro < amountMicro) money.refuse('monthly_limit', 'monthly_limit must be at least amount');
  money.finish();
  return { userId, isEnabled: true, trigger, thresholdMicro, amountMicro, monthlyLimitMicro, paymentMethod };
}
