import { DomainError, type FieldError } from '../common/domain-error.js';

/** RFC 9209: who says so and what happened, in words that tools know. */
const proxyStatus = (error: string): Record<string, string> => ({
  'proxy-status': `gpuproxy; error=${error}`,
});

/** No connection, or it broke off before the first byte of an answer. */
export const upstreamUnreachable = (error: string, cause?: unknown): DomainError =>
  new DomainError('upstream_unreachable', 502, 'The upstream could not be reached.', {
    headers: proxyStatus(error),
    cause,
  });

/** It answered, but not in HTTP/1.1 as anybody could pass on. */
export const upstreamProtocolError = (cause?: unknown): DomainError =>
  new DomainError('upstream_protocol_error', 502, 'The upstream sent an answer that is not valid HTTP.', {
    headers: proxyStatus('http_protocol_error'),
    cause,
  });

/** It wants credentials that the caller's own would never be: its 401 would send the client the wrong way. */
export const upstreamAuthRequired = (): DomainError =>
  new DomainError(
    'upstream_auth_required',
    502,
    'The upstream asks for credentials; file them as upstream_headers of the pool.',
  );

export const upstreamTooLarge = (maxBytes: number): DomainError =>
  new DomainError(
    'upstream_too_large',
    502,
    `The answer is larger than ${maxBytes} bytes; ask with stream: true.`,
    { headers: proxyStatus('http_response_body_size') },
  );

export const upstreamConnectTimeout = (): DomainError =>
  new DomainError('upstream_connect_timeout', 504, 'The upstream did not accept a connection in time.', {
    headers: proxyStatus('connection_timeout'),
  });

export const upstreamFirstByteTimeout = (): DomainError =>
  new DomainError('upstream_first_byte_timeout', 504, 'The upstream did not begin to answer in time.', {
    headers: proxyStatus('http_response_timeout'),
  });

export const upstreamIdleTimeout = (): DomainError =>
  new DomainError('upstream_idle_timeout', 504, 'The upstream fell silent in the middle of its answer.', {
    headers: proxyStatus('connection_read_timeout'),
  });

export const timeLimitExceeded = (): DomainError =>
  new DomainError('time_limit_exceeded', 504, 'The time limit of the request is over.', {
    headers: proxyStatus('http_response_timeout'),
  });

export const bodyTooLarge = (maxBytes: number): DomainError =>
  new DomainError('payload_too_large', 413, `The request body may have up to ${maxBytes} bytes.`);

/** So many bytes of long bodies or answers are held that no more fit into memory. */
export const tooManyLongBodies = (): DomainError =>
  new DomainError('server_busy', 503, 'Too many long requests at a time; ask again.', {
    headers: { 'retry-after': '1' },
  });

/** The client stopped sending in the middle of its body. */
export const requestTimeout = (): DomainError =>
  new DomainError('request_timeout', 408, 'The request body did not arrive in time.');

/** Framing that two servers could read differently; the connection is closed after it. */
export const ambiguousRequest = (detail: string): DomainError =>
  new DomainError('malformed_request', 400, detail, { headers: { connection: 'close' } });

/** Well-formed for us, but it cannot be put into a request to the upstream. */
export const unsendableRequest = (cause: unknown): DomainError =>
  new DomainError('malformed_request', 400, 'The request cannot be forwarded.', { cause });

export const tooManyHeaders = (most: number): DomainError =>
  new DomainError('too_many_headers', 431, `A request may have up to ${most} headers.`, {
    headers: { connection: 'close' },
  });

export const malformedPath = (): DomainError =>
  new DomainError('malformed_request', 400, 'The path is not valid percent-encoding.');

export const loopDetected = (): DomainError =>
  new DomainError('loop_detected', 508, 'The request has already been through this proxy.', {
    headers: proxyStatus('proxy_loop_detected'),
  });

export const methodNotAllowed = (): DomainError =>
  new DomainError('method_not_allowed', 405, 'TRACE is not proxied.');

export const overloaded = (): DomainError =>
  new DomainError('server_overloaded', 503, 'This server has as many requests under way as it can carry.', {
    headers: { 'retry-after': '1' },
  });

export const draining = (): DomainError =>
  new DomainError('shutting_down', 503, 'This server is shutting down; ask again.', {
    headers: { 'retry-after': '1', connection: 'close' },
  });

export const noSuchRental = (): DomainError =>
  new DomainError('rental_not_found', 404, 'You hold no such running rental.');

export const noSuchInstance = (): DomainError =>
  new DomainError('instance_not_found', 404, 'You have no such instance.');

export const noSuchPool = (name: string): DomainError =>
  new DomainError('pool_not_found', 404, `You have no pool named ${name}.`);

/** The instance maps none of the ports that could be meant. */
export const noServicePort = (): DomainError =>
  new DomainError('no_service_port', 409, 'The instance has no mapped port for this.');

export const malformedJson = (): DomainError =>
  new DomainError('malformed_json', 400, 'The body is not a JSON object.');

export const invalidProxyRequest = (errors: readonly FieldError[]): DomainError =>
  new DomainError('invalid_input', 422, `Not accepted: ${errors.map(({ field }) => field).join(', ')}.`, {
    errors,
  });
