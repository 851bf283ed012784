import { DomainError } from '../common/domain-error.js';

/** 422: neither or both ways of naming the user. */
export function oneUserRequired(): DomainError {
  const message = 'give either user_id or email';
  const errors = [
    { field: 'user_id', message },
    { field: 'email', message },
  ];
  return new DomainError('invalid_input', 422, 'Not accepted: user_id, email.', { errors });
}

/** 422: the time is empty or longer than the sums can be made of. */
export function invalidRange(message: string): DomainError {
  return new DomainError('invalid_input', 422, 'Not accepted: from, to.', {
    errors: [
      { field: 'from', message },
      { field: 'to', message },
    ],
  });
}

/** 422: a cursor of another list. */
export function invalidCursor(): DomainError {
  return new DomainError('invalid_cursor', 422, 'Use the next_cursor of the page before.');
}
