import { toProblem } from '../common/problem.js';

/** An error as the callers of a route expect it. */
export interface FormattedProblem {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Written as JSON. */
  body: object;
}

export type ProblemFormat = (error: unknown, requestId: string) => FormattedProblem;

const INVALID_REQUEST = -32_600;
const INTERNAL_ERROR = -32_603;

/**
 * A JSON-RPC error without an id (the request may never have been read), as MCP allows for refusals at the HTTP level.
 * Codes of our own must lie outside -32768..-32000, so the HTTP status is the code where JSON-RPC has none.
 */
export function jsonRpcProblem(error: unknown, requestId: string): FormattedProblem {
  const { status, headers, body } = toProblem(error, requestId);
  const { type: _, title: __, status: ___, detail, ...data } = body;
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
    body: { jsonrpc: '2.0', error: { code: jsonRpcCode(status), message: detail, data } },
  };
}

function jsonRpcCode(status: number): number {
  if (status === 400) return INVALID_REQUEST;
  return status === 500 ? INTERNAL_ERROR : status;
}
