import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { DomainError, type FieldError } from './domain-error.js';

/** Bodies and queries are read into their DTO; unknown fields and bad values are a 422 that names each field. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: false,
    exceptionFactory: invalidInput,
  });
}

export function invalidInput(violations: ValidationError[]): DomainError {
  const errors = violations.flatMap((violation) => describe(violation, ''));
  const fields = errors.map(({ field }) => field).join(', ');
  return new DomainError('invalid_input', 422, `Not accepted: ${fields}.`, { errors });
}

function describe({ property, constraints, children }: ValidationError, prefix: string): FieldError[] {
  const field = `${prefix}${property}`;
  const own = Object.values(constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(children ?? []).flatMap((child) => describe(child, `${field}.`))];
}
