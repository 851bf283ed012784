import { invalidInput, type InputError } from './io-net.errors.js';

/** Reads fields of a query or body the way FastAPI validates them; `done()` throws the 422 with everything wrong. */
export class InputReader {
  private readonly errors: InputError[] = [];
  private readonly nested: InputReader[] = [];

  constructor(
    private readonly fields: Readonly<Record<string, unknown>>,
    private readonly where: readonly string[],
  ) {}

  integer(name: string, minimum: number): number {
    const value = this.required(name);
    if (value === undefined) return minimum;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number)) {
      return this.refuse(name, 'int_parsing', 'Input should be a valid integer', minimum);
    }
    if (number >= minimum) return number;
    return this.refuse(
      name,
      'greater_than_equal',
      `Input should be greater than or equal to ${minimum}`,
      minimum,
    );
  }

  /** An integer that may be left out. */
  optionalInteger(name: string, minimum: number, fallback: number): number {
    return this.fields[name] === undefined ? fallback : this.integer(name, minimum);
  }

  text(name: string): string {
    const value = this.required(name);
    if (value === undefined || (typeof value === 'string' && value !== '')) return value ?? '';
    return this.refuse(name, 'string_type', 'Input should be a valid string', '');
  }

  optionalTexts(name: string): string[] | null {
    const value = this.fields[name];
    if (value === undefined || value === null) return null;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    return this.refuse(name, 'list_type', 'Input should be a valid list', null);
  }

  textMap(name: string): Record<string, string> {
    const value = this.fields[name] ?? {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, string>;
    return this.refuse(name, 'dict_type', 'Input should be a valid dictionary', {});
  }

  /** A list of integers; in a query it is a JSON array written as text. */
  integers(name: string): number[] {
    const value = this.required(name);
    if (value === undefined) return [];
    const list: unknown = typeof value === 'string' ? parseList(value) : value;
    if (Array.isArray(list) && list.length > 0 && list.every(Number.isInteger)) return list as number[];
    return this.refuse(name, 'list_type', 'Input should be a valid list of integers', []);
  }

  /** A reader of a nested object, which reports into the same list. */
  object(name: string): InputReader {
    const value = this.required(name);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const nested = new InputReader(value as Record<string, unknown>, [...this.where, name]);
      this.nested.push(nested);
      return nested;
    }
    if (value !== undefined) this.refuse(name, 'model_type', 'Input should be a valid dictionary', undefined);
    return new InputReader({}, []);
  }

  forbidExtras(allowed: ReadonlySet<string>): void {
    Object.keys(this.fields)
      .filter((name) => !allowed.has(name))
      .forEach((name) => this.refuse(name, 'extra_forbidden', 'Extra inputs are not permitted', undefined));
  }

  done(): void {
    const all = [...this.errors, ...this.nested.flatMap(({ errors }) => errors)];
    if (all.length > 0) throw invalidInput(all);
  }

  private required(name: string): unknown {
    const value = this.fields[name];
    if (value === undefined || value === null) this.refuse(name, 'missing', 'Field required', undefined);
    return value ?? undefined;
  }

  private refuse<T>(name: string, type: string, msg: string, fallback: T): T {
    this.errors.push({ type, loc: [...this.where, name], msg });
    return fallback;
  }
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
