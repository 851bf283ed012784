import { DomainError } from '../common/domain-error.js';
import { creditsFromMicro } from '../common/money.js';
import type { CreditQuota } from './quotas/credit-quota.entity.js';

const SECONDS_PER_HOUR = 3600;

/** 402: the account cannot cover `neededMicro`; `availableMicro` is what it could, its allowed overage included. */
export function insufficientCredits(neededMicro: number, availableMicro: number): DomainError {
  const needed = creditsFromMicro(neededMicro);
  const available = creditsFromMicro(Math.max(0, availableMicro));
  const detail = `This needs ${needed} credits, ${available} are available.`;
  return new DomainError('insufficient_credits', 402, detail, { data: { needed, available } });
}

/** 402: the key that the request came with has spent what it may; other keys of the account go on. */
export function keySpendLimitReached(limitMicro: number): DomainError {
  const spend_limit = creditsFromMicro(limitMicro);
  const detail = `The spend limit of this API key, ${spend_limit} credits, is reached.`;
  return new DomainError('key_spend_limit_reached', 402, detail, { data: { spend_limit } });
}

/** 403: a dispute or a debt beyond the allowed overage has stopped the account. */
export function accountFrozen(): DomainError {
  return new DomainError('account_frozen', 403, 'The credit account is frozen; please contact the operator.');
}

/** 422: the idempotency key was used before, for something else. */
export function idempotencyMismatch(): DomainError {
  const detail = 'This idempotency key was used before with another input.';
  return new DomainError('idempotency_mismatch', 422, detail);
}

export function holdNotFound(): DomainError {
  return new DomainError('hold_not_found', 404, 'There is no such hold.');
}

/** 409: the hold was settled, voided or has expired. */
export function holdNotOpen(): DomainError {
  return new DomainError('hold_not_open', 409, 'The hold is no longer open.');
}

/** 409: more than the hold has left; extend it first. */
export function holdExceeded(): DomainError {
  return new DomainError('hold_exceeded', 409, 'The amount is more than the hold has left.');
}

export function rentalNotMetered(): DomainError {
  return new DomainError('rental_not_metered', 404, 'No charge was authorized for this rental.');
}

/** 403: an operator's limit for this user is reached; `reset_at` says when it begins anew, if ever. */
export function quotaExceeded(
  quota: 'max_requests' | 'max_gpu_hours',
  { maxRequests, maxGpuSeconds, resetAt }: CreditQuota,
): DomainError {
  const limit = quota === 'max_requests' ? maxRequests : (maxGpuSeconds ?? 0) / SECONDS_PER_HOUR;
  const reset_at = resetAt === null ? null : new Date(resetAt).toISOString();
  const detail = `The operator's limit of ${limit} ${quota === 'max_requests' ? 'requests' : 'GPU hours'} is reached.`;
  return new DomainError('quota_exceeded', 403, detail, { data: { quota, limit, reset_at } });
}

/** 422: a month is written 2026-11. */
export function invalidMonth(): DomainError {
  const errors = [{ field: 'month', message: 'month must be a month such as 2026-11' }];
  return new DomainError('invalid_input', 422, 'Not accepted: month.', { errors });
}

/** 404: the month has not begun. */
export function statementNotFound(): DomainError {
  return new DomainError('statement_not_found', 404, 'There is no statement of a month that has not begun.');
}

/** 406: none of what we have is what the caller accepts. */
export function notAcceptable(types: readonly string[]): DomainError {
  return new DomainError('not_acceptable', 406, `This is available as ${types.join(' or ')}.`);
}
