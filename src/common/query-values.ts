import type { TransformFnParams } from 'class-transformer';

/** Query parameters are text: a number's text becomes the number, anything else stays and fails its rule. */
export function numberFromText({ value }: TransformFnParams): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : (value as unknown);
}
