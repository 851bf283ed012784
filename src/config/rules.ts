import { Transform } from 'class-transformer';
import { Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';
import { BlockList, isIP } from 'node:net';
import { parseDurationMs } from '../common/duration.js';

/** Reads `true|false|1|0|yes|no`; anything else stays text and fails the validation. */
export const BooleanText = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => {
    const text = String(value).toLowerCase();
    if (['true', '1', 'yes', 'on'].includes(text)) return true;
    return ['false', '0', 'no', 'off'].includes(text) ? false : value;
  });

export const NumberText = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && value.trim() !== '' ? Number(value) : value,
  );

@ValidatorConstraint({ name: 'isDuration' })
class DurationConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    try {
      return parseDurationMs(String(value)) >= 0;
    } catch {
      return false;
    }
  }
  defaultMessage(): string {
    return '$property must be a duration such as 30s, 5m or 24h';
  }
}
export const IsDuration = (): PropertyDecorator => Validate(DurationConstraint);

@ValidatorConstraint({ name: 'isCidrList' })
class CidrListConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return splitList(String(value)).every(isCidr);
  }
  defaultMessage(): string {
    return '$property must be a comma list of ranges such as 10.0.0.0/8';
  }
}
export const IsCidrList = (): PropertyDecorator => Validate(CidrListConstraint);

function isCidr(text: string): boolean {
  const [address, bits = ''] = text.split('/');
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(bits)) return false;
  try {
    new BlockList().addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false;
  }
}

/** `a, b,,c` -> `['a', 'b', 'c']` */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}
