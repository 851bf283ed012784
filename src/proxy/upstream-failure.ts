import { DomainError, isDomainError } from '../common/domain-error.js';
import { upstreamConnectTimeout, upstreamProtocolError, upstreamUnreachable } from './proxy.errors.js';
import { MalformedAnswer } from './wire/malformed-answer.js';

/**
 * How far the request had got. `connect`: not a byte was sent, so it may be run elsewhere; `sent`: it may have been
 * processed; `answering`: the head has arrived.
 */
export type UpstreamPhase = 'connect' | 'sent' | 'answering';

export interface UpstreamFailure {
  phase: UpstreamPhase;
  /** Ready for the caller; `cause` is for the log. */
  error: DomainError;
  isTimeout: boolean;
}

const CONNECT_TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);

/** RFC 9209's words for what sockets and resolvers say. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  ENOTFOUND: 'dns_error',
  EHOSTUNREACH: 'destination_ip_unroutable',
  ENETUNREACH: 'destination_ip_unroutable',
};

/** Connectors, sockets, TLS, node's parser and the egress guard all name their errors by `code`. */
export function describeFailure(error: Error, phase: UpstreamPhase): UpstreamFailure {
  if (isDomainError(error)) return { phase, error, isTimeout: error.status === 504 };
  const code = String((error as NodeJS.ErrnoException).code ?? '');
  if (CONNECT_TIMEOUTS.has(code)) return { phase, error: upstreamConnectTimeout(), isTimeout: true };
  return { phase, error: brokenUpstream(error, code, phase), isTimeout: false };
}

function brokenUpstream(error: Error, code: string, phase: UpstreamPhase): DomainError {
  if (error instanceof MalformedAnswer || code.startsWith('HPE_')) return upstreamProtocolError(error);
  if (phase !== 'connect') return upstreamUnreachable('connection_terminated', error);
  return upstreamUnreachable(REASONS[code] ?? reasonOfTls(code), error);
}

function reasonOfTls(code: string): string {
  const isCertificate = /CERT|SELF_SIGNED|ALTNAME/.test(code);
  return isCertificate ? 'tls_certificate_error' : 'connection_terminated';
}
