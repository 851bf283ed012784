import { DomainError } from '../common/domain-error.js';
import { creditsFromMicro } from '../common/money.js';

/** 402: the account cannot cover `neededMicro`; `availableMicro` is what it could, its allowed overage included. */
export function insufficientCredits(neededMicro: number, availableMicro: number): DomainError {
  const needed = creditsFromMicro(neededMicro);
  const available = creditsFromMicro(Math.max(0, availableMicro));
  const detail = `This needs ${needed} credits, ${available} are available.`;
  return new DomainError('insufficient_credits', 402, detail, { data: { needed, available } });
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
