import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { DomainError, type FieldError } from './domain-error.js';

/** Bodies and queries are read into their DTO; unknown fields and bad values are a 422 that names each field. */
export function validationPipe(): ValidationPipe {
  return new StrictPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: false,
    exceptionFactory: invalidInput,
  });
}

/** A query parameter given twice means two different things to two different readers: a 400. */
class StrictPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'query') refuseDuplicates(value);
    return super.transform(value, metadata);
  }
}

function refuseDuplicates(query: unknown): void {
  const [twice] = Object.entries(query ?? {}).find(([, value]) => Array.isArray(value)) ?? [];
  if (twice === undefined) return;
  throw new DomainError('duplicate_parameter', 400, `The query parameter ${twice} is given more than once.`);
}

export function invalidInput(violations: ValidationError[]): DomainError {
  const errors = violations.flatMap((violation) => describe(violation, ''));
  const fields = [...new Set(errors.map(({ field }) => field))].join(', ');
  return new DomainError('invalid_input', 422, `Not accepted: ${fields}.`, { errors });
}

function describe({ property, constraints, children }: ValidationError, prefix: string): FieldError[] {
  const field = `${prefix}${property}`;
  const own = Object.values(constraints ?? {}).map((message) => ({ field, message }));
  return [...own, ...(children ?? []).flatMap((child) => describe(child, `${field}.`))];
}
