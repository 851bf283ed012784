import { DomainError, isDomainError } from '../common/domain-error.js';
import {
  unsendableRequest,
  upstreamConnectTimeout,
  upstreamFirstByteTimeout,
  upstreamIdleTimeout,
  upstreamProtocolError,
  upstreamUnreachable,
} from './proxy.errors.js';

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

const TIMEOUTS: Readonly<Record<string, () => DomainError>> = {
  UND_ERR_CONNECT_TIMEOUT: upstreamConnectTimeout,
  ETIMEDOUT: upstreamConnectTimeout,
  UND_ERR_HEADERS_TIMEOUT: upstreamFirstByteTimeout,
  UND_ERR_BODY_TIMEOUT: upstreamIdleTimeout,
};

/** RFC 9209's words for what sockets and resolvers say. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  ENOTFOUND: 'dns_error',
  EHOSTUNREACH: 'destination_ip_unroutable',
  ENETUNREACH: 'destination_ip_unroutable',
};

/** What undici refuses to send, or what the client broke off. */
const UNSENDABLE = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
]);

const PROTOCOL_ERRORS = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** undici, sockets, TLS and the egress guard all name their errors by `code`. */
export function describeFailure(error: Error, phase: UpstreamPhase): UpstreamFailure {
  if (isDomainError(error)) return { phase, error, isTimeout: error.status === 504 };
  const code = String((error as NodeJS.ErrnoException).code ?? '');
  const timeout = TIMEOUTS[code];
  if (timeout) return { phase, error: timeout(), isTimeout: true };
  return { phase, error: brokenUpstream(error, code, phase), isTimeout: false };
}

function brokenUpstream(error: Error, code: string, phase: UpstreamPhase): DomainError {
  if (UNSENDABLE.has(code)) return unsendableRequest(error);
  if (PROTOCOL_ERRORS.has(code) || isParserError(error)) return upstreamProtocolError(error);
  if (phase !== 'connect') return upstreamUnreachable('connection_terminated', error);
  return upstreamUnreachable(REASONS[code] ?? reasonOfTls(code), error);
}

/** undici's parser names its error by class; an answer or upgrade that nobody asked for is known by its text only. */
function isParserError({ name, message }: Error): boolean {
  return name === 'HTTPParserError' || message === 'bad upgrade' || message === 'bad response';
}

function reasonOfTls(code: string): string {
  const isCertificate = /CERT|SELF_SIGNED|ALTNAME/.test(code);
  return isCertificate ? 'tls_certificate_error' : 'connection_terminated';
}
