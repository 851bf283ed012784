export class FieldErrorView {
  /** Path of the field, e.g. `config.env`. */
  field: string;
  message: string;
}

/** RFC 9457, with a stable `code`; see docs/errors.md. Some codes add members of their own. */
export class ProblemView {
  type: string;
  title: string;
  status: number;
  /** Stable, snake_case: what programs go by. */
  code: string;
  /** A sentence for people. */
  detail: string;
  /** The same as the header `X-Request-Id`. */
  request_id: string;
  /** The fields that were refused. */
  errors?: FieldErrorView[];
}
