import { DomainError } from '../common/domain-error.js';

export function emailTaken(): DomainError {
  return new DomainError('email_taken', 409, 'An account with this email address exists.', {
    errors: [{ field: 'email', message: 'is taken' }],
  });
}

export function userNotFound(): DomainError {
  return new DomainError('user_not_found', 404, 'There is no such user.');
}

export function lastAdmin(): DomainError {
  return new DomainError('last_admin', 409, 'This is the last active administrator; make another one first.');
}

/** The field is `password` or `new_password`, the message says which rule was broken. */
export function weakPassword(field: string, message: string): DomainError {
  return new DomainError('weak_password', 422, `The password ${message}.`, { errors: [{ field, message }] });
}
