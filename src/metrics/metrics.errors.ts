import { DomainError } from '../common/domain-error.js';

export function metricsClosed(): DomainError {
  return new DomainError('not_found', 404, 'There is nothing at this address.');
}

export function metricsTokenRequired(): DomainError {
  return new DomainError('unauthenticated', 401, 'This needs the token of the metrics.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}
