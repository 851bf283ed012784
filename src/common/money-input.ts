import { isLosslessNumber, parse } from 'lossless-json';
import { DomainError, type FieldError } from './domain-error.js';
import { microFromCredits } from './money.js';

/** How an amount is written: no sign, no exponent, no leading zeros. */
interface Notation {
  pattern: RegExp;
  example: string;
  decimals: number;
}

const USD: Notation = { pattern: /^(0|[1-9]\d{0,5})(\.\d{1,2})?$/, example: '19.99', decimals: 2 };
const CREDITS: Notation = { pattern: /^(0|[1-9]\d{0,8})(\.\d{1,6})?$/, example: '0.000001', decimals: 6 };

/**
 * Reads the amounts of a request's body as they are written: through a float `1.005` would be less than it says, and
 * `1e3` is not how anybody writes money.
 */
export class MoneyInput {
  private readonly errors: FieldError[] = [];
  private readonly written: Readonly<Record<string, unknown>>;

  /** @param rawBody the body's text, where it was kept; else the parsed values must do */
  constructor(
    private readonly body: object,
    rawBody: string | undefined,
  ) {
    this.written = rawBody === undefined ? {} : parseObject(rawBody);
  }

  /** Micro-credits; undefined when the body has none or a bad one, which `finish` reports. */
  usd(field: string): number | undefined {
    return this.read(field, USD);
  }

  /** As `usd`, with the six decimals that credits have. */
  credits(field: string): number | undefined {
    return this.read(field, CREDITS);
  }

  refuse(field: string, message: string): void {
    this.errors.push({ field, message });
  }

  /** @throws DomainError 422 `invalid_input` naming every bad amount */
  finish(): void {
    const { errors } = this;
    if (errors.length === 0) return;
    const fields = errors.map(({ field }) => field).join(', ');
    throw new DomainError('invalid_input', 422, `Not accepted: ${fields}.`, { errors });
  }

  private read(field: string, { pattern, example, decimals }: Notation): number | undefined {
    const text = this.textOf(field);
    if (text === undefined) return undefined;
    if (pattern.test(text)) return microFromCredits(text);
    this.refuse(
      field,
      `${field} must be an amount such as 50 or ${example}, with at most ${decimals} decimals`,
    );
    return undefined;
  }

  private textOf(field: string): string | undefined {
    const value = this.written[field] ?? (this.body as Readonly<Record<string, unknown>>)[field];
    if (value === undefined || value === null) return undefined;
    if (isLosslessNumber(value)) return value.value;
    return typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  }
}

/** Members that stand twice would be read one way here and another way there. */
function parseObject(rawBody: string): Readonly<Record<string, unknown>> {
  try {
    return parse(rawBody) as Readonly<Record<string, unknown>>;
  } catch {
    throw new DomainError('malformed_request', 400, 'The body is not a JSON object with each member once.');
  }
}
