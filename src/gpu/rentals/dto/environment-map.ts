import { Validate, ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';

const NAME = /^[A-Za-z_]\w{0,127}$/;
const LONGEST_VALUE = 32_768;
const MOST_VARIABLES = 256;

@ValidatorConstraint({ name: 'isEnvironmentMap' })
class EnvironmentMapConstraint implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    const entries = Object.entries(value);
    return entries.length <= MOST_VARIABLES && entries.every(isVariable);
  }
  defaultMessage(): string {
    return '$property must map names of variables to texts';
  }
}

/** Names are checked strictly: farms carry port mappings as keys of the same object. */
function isVariable([name, value]: [string, unknown]): boolean {
  return (
    NAME.test(name) && typeof value === 'string' && value.length <= LONGEST_VALUE && !value.includes('\0')
  );
}

export const IsEnvironmentMap = (): PropertyDecorator => Validate(EnvironmentMapConstraint);
