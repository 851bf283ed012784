/** A call that brought no answer. */
export class TransportFault extends Error {
  constructor(
    /** The farm cannot have acted on the call, because it never left us. */
    readonly isUnsent: boolean,
    cause: unknown,
  ) {
    super(isUnsent ? 'the farm could not be reached' : 'the connection to the farm was lost', { cause });
    this.name = 'TransportFault';
  }
}

/** Failures of name resolution, connecting and TLS: all of them come before the first byte of a request. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** When in doubt the call counts as sent, because repeating a rent costs money and looking it up does not. */
export function transportFault(error: unknown): TransportFault {
  return new TransportFault(BEFORE_SENDING.has(codeOf(error)), error);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  // Node wraps the attempts for several addresses of one name; they fail alike.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return first instanceof Error && 'code' in first ? String(first.code) : '';
}
