/**
 * The names under which log lines may carry something: what is not in this list is left out of the line, so that a new
 * line has to be thought about before it can say anything. None of them is for secrets, bodies, paths or queries.
 */
export const LOG_FIELDS: ReadonlySet<string> = new Set([
  // What happened, where in the code, and what came of it.
  'msg',
  'context',
  'err',
  'cause',
  'code',
  'reason',
  'status',
  'statusCode',
  'stack',
  'type',
  'detail',
  'event',
  'action',
  'alert',
  'failure',
  'from',
  'to',
  // Whom and what it concerns, by our numbers.
  'id',
  'account',
  'account_id',
  'actorId',
  'actor_id',
  'block',
  'contractId',
  'contract_id',
  'credential',
  'credential_id',
  'deposit',
  'deposit_id',
  'externalId',
  'hold_id',
  'instance_id',
  'key',
  'keys',
  'payment',
  'payment_id',
  'paymentId',
  'pool',
  'refund',
  'refund_id',
  'renewal',
  'rental_id',
  'request_id',
  'reservation_id',
  'session',
  'stripe_request',
  'target',
  'user',
  'userId',
  'user_id',
  // Requests: the pattern of the route, never the path.
  'method',
  'route',
  'ip',
  'duration_ms',
  'attempts',
  // Places: hosts that we asked for ourselves or refused.
  'address',
  'hostname',
  'origin',
  'path',
  'provider',
  'ranges',
  'url',
  // Coins and their chains.
  'asset',
  'block_number',
  'chainId',
  'chain_id',
  'network',
  'txHash',
  'tx_hash',
  // Jobs and numbers.
  'active',
  'addresses_shortened',
  'amountMicro',
  'amount_micro',
  'callbacks_emptied',
  'channel',
  'charged_micro',
  'count',
  'currency',
  'dropped',
  'failures',
  'isForced',
  'job',
  'kind',
  'left',
  'lost',
  'lost_micro',
  'metric',
  'personal_keys_destroyed',
  'processes',
  'spent_micro',
  'unlisted',
  'waiting',
  'work',
]);

const DEEPEST_CAUSE = 3;

/** An error as a log line shows it: what an error carries beside its text may be whole queries with their values. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: LoggedError;
}

export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name: type, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  const hasCause = cause !== undefined && depth < DEEPEST_CAUSE;
  return {
    type,
    message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    stack,
    ...(hasCause ? { cause: loggedError(cause, depth + 1) } : {}),
  };
}

/** The fields that may be written; the names of the others are told, so that nobody looks for them in vain. */
export function listedFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = Object.keys(fields);
  const unlisted = names.filter((name) => !LOG_FIELDS.has(name) && fields[name] !== undefined);
  const listed = Object.fromEntries(
    names.filter((name) => LOG_FIELDS.has(name)).map((name) => [name, plain(fields[name])]),
  );
  return unlisted.length === 0 ? listed : { ...listed, unlisted };
}

/** Whole objects have members that nobody has listed. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return loggedError(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) return listedFields(value as Record<string, unknown>);
  return value;
}
