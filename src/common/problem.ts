import { DomainError, type FieldError } from './domain-error.js';

/** RFC 9457 problem document, plus our stable `code`. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id: string;
  errors?: readonly FieldError[];
  [member: string]: unknown;
}

export interface Problem {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: ProblemBody;
}

/**
 * What a caller sees of an error. Only a DomainError speaks; anything else is a bare 500, because its text may
 * hold SQL, addresses or keys.
 */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = error instanceof DomainError ? error : INTERNAL_ERROR;
  return {
    status: known.status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...known.headers },
    body: {
      type: `urn:gpuproxy:problem:${known.code}`,
      title: titleOf(known.code),
      status: known.status,
      code: known.code,
      detail: known.detail,
      request_id: requestId,
      ...(known.errors ? { errors: known.errors } : {}),
      ...known.data,
    },
  };
}

const INTERNAL_ERROR = new DomainError('internal_error', 500, 'Something went wrong on our side.');

/** `offer_gone` -> `Offer gone` */
function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
