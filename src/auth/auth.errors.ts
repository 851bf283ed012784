import { DomainError } from '../common/domain-error.js';
import type { KeyScope } from './api-keys/key-scopes.js';
import { retryAfterSeconds } from './rate-limiting/rate-limit-headers.js';

const CHALLENGE = { headers: { 'WWW-Authenticate': 'Bearer' } };

/** No credential at all. */
export function unauthenticated(): DomainError {
  const detail = 'Send an API key in X-API-Key, or a token or key as Authorization: Bearer.';
  return new DomainError('unauthenticated', 401, detail, CHALLENGE);
}

/** One answer for every key that does not open: never made, mistyped, expired, revoked, of a disabled account. */
export function invalidApiKey(): DomainError {
  return new DomainError('invalid_api_key', 401, 'This API key is not valid.', CHALLENGE);
}

/** One answer for every access token that does not open: forged, expired, of a session that has ended. */
export function invalidToken(): DomainError {
  return new DomainError(
    'invalid_token',
    401,
    'This access token is not valid; refresh it or log in.',
    CHALLENGE,
  );
}

/** One answer for an unknown account and for a wrong password. */
export function invalidCredentials(): DomainError {
  return new DomainError('invalid_credentials', 401, 'Email address or password is wrong.', CHALLENGE);
}

/** Told only to someone who knows the password. */
export function accountInactive(): DomainError {
  return new DomainError('account_inactive', 403, 'This account is disabled.');
}

export function keyInQuery(): DomainError {
  const detail =
    'An API key does not belong into a URL, where logs keep it. Send it in X-API-Key, and revoke this one.';
  return new DomainError('key_in_query', 400, detail);
}

export function tooManyAttempts(waitMs: number): DomainError {
  return new DomainError('too_many_attempts', 429, 'Too many attempts. Wait as Retry-After says.', {
    headers: { 'Retry-After': retryAfterSeconds(waitMs) },
  });
}

export function passwordChangeRequired(): DomainError {
  const detail = 'This password is a temporary one. Choose your own with PUT /api/v1/auth/password first.';
  return new DomainError('password_change_required', 403, detail);
}

export function insufficientScope(scope: KeyScope): DomainError {
  return new DomainError('insufficient_scope', 403, `This needs an API key with the scope ${scope}.`, {
    data: { required_scope: scope },
  });
}

export function adminRequired(): DomainError {
  return new DomainError('admin_required', 403, 'This is for administrators.');
}

export function loginRequired(): DomainError {
  return new DomainError('login_required', 403, 'This needs the token of a login, not an API key.');
}

/** A route that declares no access is open to nobody. */
export function accessUndeclared(): DomainError {
  return new DomainError('forbidden', 403, 'This address is not open.');
}

export function apiKeyNotFound(): DomainError {
  return new DomainError('api_key_not_found', 404, 'There is no such API key.');
}

export function apiKeyReplaced(): DomainError {
  return new DomainError('api_key_replaced', 409, 'This API key has been rotated already or has expired.');
}

export function tooManyApiKeys(most: number): DomainError {
  return new DomainError(
    'too_many_api_keys',
    409,
    `An account has at most ${most} API keys; revoke some first.`,
  );
}

/** A key cannot be given more than its maker may do. */
export function scopesNotYours(scopes: readonly KeyScope[]): DomainError {
  return new DomainError('scope_not_allowed', 403, `You cannot give away: ${scopes.join(', ')}.`);
}

/** The successor of another key would not be narrowed as this one is. */
export function limitsNotYours(): DomainError {
  return new DomainError('scope_not_allowed', 403, 'A key with limits can rotate itself and no other.');
}

/** The key is good, but not from where it came. */
export function addressNotAllowed(): DomainError {
  return new DomainError('address_not_allowed', 403, 'This API key may not be used from this address.');
}

/** What the request will cost is not known when it is made, and the key may only spend so much. */
export function spendLimitedKey(): DomainError {
  const detail =
    'This begins something that costs until it is ended; a key with a spend limit may not do that.';
  return new DomainError('spend_limited_key', 403, detail);
}

export function notInFuture(field: string): DomainError {
  const message = 'must be in the future';
  return new DomainError('invalid_input', 422, `Not accepted: ${field}.`, { errors: [{ field, message }] });
}

export function invalidCursor(): DomainError {
  const message = 'is not a cursor of this list';
  return new DomainError('invalid_input', 422, 'Not accepted: cursor.', {
    errors: [{ field: 'cursor', message }],
  });
}
