import { DomainError } from '../common/domain-error.js';

export const invalidIdempotencyKey = (): DomainError =>
  new DomainError(
    'invalid_idempotency_key',
    400,
    'Idempotency-Key must have 1 to 255 visible ASCII characters.',
  );

export const idempotencyMismatch = (): DomainError =>
  new DomainError(
    'idempotency_mismatch',
    422,
    'This Idempotency-Key was used before with another request. Use a new key for a new request.',
  );

export const idempotencyInProgress = (retryAfterSeconds: number): DomainError =>
  new DomainError(
    'idempotency_in_progress',
    409,
    'The first request with this Idempotency-Key is still being worked on.',
    { headers: { 'Retry-After': String(retryAfterSeconds) } },
  );
