import { Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
/** Visible characters, spaces and tabs: no CR, LF or NUL may get into a header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/;
const MOST_HEADERS = 64;

export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name);
}

export function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && HEADER_VALUE.test(value);
}

@ValidatorConstraint({ name: 'isHeaderMap' })
class HeaderMapConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const entries = Object.entries(value);
    return (
      entries.length <= MOST_HEADERS &&
      entries.every(([name, text]) => isHeaderName(name) && isHeaderValue(text))
    );
  }
  defaultMessage(): string {
    return '$property must map header names to texts without control characters';
  }
}

/** An object of header name -> value, both safe to send. */
export const IsHeaderMap = (): PropertyDecorator => Validate(HeaderMapConstraint);
