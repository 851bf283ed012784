import { DomainError } from '../common/domain-error.js';

/** Why an address was refused; goes to the log, never to the caller. */
export type DenialReason =
  | 'not_a_url'
  | 'scheme'
  | 'userinfo'
  | 'port'
  | 'host_not_listed'
  | 'metadata'
  | 'own_address'
  | 'not_public'
  | 'peer_changed';

/** 403 without the address: what a name resolves to is none of the caller's business. */
export function targetNotAllowed(): DomainError {
  return new DomainError('target_not_allowed', 403, 'This target may not be reached through the proxy.', {
    headers: { 'proxy-status': 'gpuproxy; error=destination_ip_prohibited' },
  });
}

/** The name has no address, or its servers did not answer in time. Carries `code` like a socket error. */
export class HostNotFoundError extends Error {
  readonly code = 'ENOTFOUND';

  constructor(options?: ErrorOptions) {
    super('the host name does not resolve', options);
    this.name = 'HostNotFoundError';
  }
}
