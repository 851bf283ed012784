/** Exit statuses of the client; 2 is a wrong command line. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** Why a request failed, in the words of the server's problem document or, without an answer, in ours. */
export interface Problem {
  code: string;
  detail: string;
  /** HTTP status; absent when there was no answer. */
  status?: number;
  errors?: readonly { field: string; message: string }[];
  requestId?: string;
  retryAfterSeconds?: number;
  /** The server's own document, for `-json`. */
  document?: string;
}

/** A request that did not succeed: refused by the server (1), or no usable connection to it (3). */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly exitStatus: typeof EXIT.refused | typeof EXIT.unreachable,
    readonly problem: Problem,
    cause?: unknown,
  ) {
    super(problem.detail, { cause });
  }
}

/** Where to look for what was meant. */
const HINTS: Readonly<Record<string, string>> = {
  rental_not_found: 'the command rentals shows the ids of what you rent; an offer has another',
  offer_not_found: 'the command list shows the ids of what can be rented now',
  reservation_not_found: 'the command reservations shows the ids of yours',
};

/** The lines a person reads on standard error. */
export function problemLines(problem: Problem): string[] {
  const { status, code, detail, errors = [], requestId, retryAfterSeconds } = problem;
  return [
    `error (${[status, code].filter(Boolean).join(' ')}): ${detail}`,
    ...errors.map(({ field, message }) => `  ${field}: ${message}`),
    ...(code in HINTS ? [`  ${HINTS[code]}`] : []),
    ...(retryAfterSeconds === undefined ? [] : [`  try again in ${retryAfterSeconds} s`]),
    ...(requestId ? [`  request id: ${requestId}`] : []),
  ];
}

/** The same as one JSON document: the server's own where there is one. */
export function problemJson(problem: Problem): string {
  return problem.document ?? JSON.stringify({ code: problem.code, detail: problem.detail });
}
