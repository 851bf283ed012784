/** One refused field of a request body, query or form. */
export interface FieldError {
  field: string;
  message: string;
}

export interface DomainErrorOptions {
  errors?: readonly FieldError[];
  /** Response headers that belong to the error, e.g. Retry-After. */
  headers?: Readonly<Record<string, string>>;
  /** Extra members of the problem document, snake_case. Never secrets, addresses or SQL. */
  data?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/**
 * The only error type that callers get to see. `code` is stable and documented, `status` is HTTP's,
 * `detail` is a sentence for people. Everything else that is thrown becomes a bare 500.
 */
export class DomainError extends Error {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string,
    options: DomainErrorOptions = {},
  ) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.name = 'DomainError';
    this.errors = options.errors;
    this.headers = options.headers;
    this.data = options.data;
  }
}

export function isDomainError(error: unknown, code?: string): error is DomainError {
  return error instanceof DomainError && (code === undefined || error.code === code);
}
