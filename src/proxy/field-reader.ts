import type { FieldError } from '../common/domain-error.js';
import { invalidProxyRequest } from './proxy.errors.js';

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Reads the members of a JSON object and collects what is wrong with them, to be told at once. */
export class FieldReader {
  private readonly errors: FieldError[] = [];

  constructor(private readonly members: Readonly<Record<string, unknown>>) {}

  refuse(field: string, message: string): void {
    this.errors.push({ field, message });
  }

  /** `null` counts as not given. */
  has(field: string): boolean {
    return this.members[field] !== undefined && this.members[field] !== null;
  }

  refuseUnknown(known: ReadonlySet<string>): void {
    for (const field of Object.keys(this.members)) {
      if (!known.has(field)) this.refuse(field, 'is not a field of this request');
    }
  }

  text(field: string): string | undefined {
    const value = this.members[field];
    if (!this.has(field)) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    this.refuse(field, 'must be a text');
    return undefined;
  }

  flag(field: string): boolean {
    const value = this.members[field];
    if (!this.has(field)) return false;
    if (typeof value !== 'boolean') this.refuse(field, 'must be true or false');
    return value === true;
  }

  /** A whole number of at least 1. */
  count(field: string, most: number): number | undefined {
    const value = this.members[field];
    if (!this.has(field)) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
    this.refuse(field, `must be a whole number from 1 to ${most}`);
    return undefined;
  }

  headers(field: string): Record<string, string> {
    const value = this.members[field];
    if (!this.has(field)) return {};
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.refuse(field, 'must be an object of texts');
      return {};
    }
    const headers = Object.entries(value as Record<string, unknown>);
    for (const [name, text] of headers) this.checkHeader(`${field}.${name}`, name, text);
    return Object.fromEntries(headers) as Record<string, string>;
  }

  /** @throws DomainError 422 `invalid_input` naming every field that was refused */
  finish(): void {
    if (this.errors.length > 0) throw invalidProxyRequest(this.errors);
  }

  private checkHeader(field: string, name: string, value: unknown): void {
    if (!HEADER_NAME.test(name)) this.refuse(field, 'is not a header name');
    else if (typeof value !== 'string') this.refuse(field, 'must be a text');
    else if (!HEADER_VALUE.test(value)) this.refuse(field, 'has characters that headers cannot carry');
    else if (/gpx_(?:live|test)_/.test(value))
      this.refuse(field, 'holds a key of this service, which never goes upstream');
  }
}
