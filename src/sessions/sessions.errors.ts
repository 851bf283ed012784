import { DomainError } from '../common/domain-error.js';

/** One answer for every refresh token that cannot be exchanged: unknown, used, expired, ended. */
export function invalidRefreshToken(): DomainError {
  return new DomainError('invalid_refresh_token', 401, 'This refresh token cannot be used; log in again.', {
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}

export function sessionNotFound(): DomainError {
  return new DomainError('session_not_found', 404, 'There is no such session.');
}

/** The store of the logins does not answer: nobody is taken for logged out, and nobody is let in unchecked. */
export function sessionsUnavailable(): DomainError {
  return new DomainError('sessions_unavailable', 503, 'Logins cannot be checked now; try again.', {
    headers: { 'Retry-After': '1' },
  });
}
