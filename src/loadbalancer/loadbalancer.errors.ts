import { DomainError } from '../common/domain-error.js';

/** Nothing in the pool may be picked: no member, none serving, or all of them tried, fenced or ejected. */
export function noHealthyInstance(retryAfterMs: number): DomainError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new DomainError('no_healthy_instance', 503, 'No instance can take the request at the moment.', {
    headers: { 'retry-after': String(seconds) },
  });
}

export function instanceNotFound(): DomainError {
  return new DomainError('instance_not_found', 404, 'You have no such instance.');
}
