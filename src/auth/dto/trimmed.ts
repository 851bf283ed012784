import type { TransformFnParams } from 'class-transformer';

/** Text without the spaces around it; anything else stays and fails its rule. */
export function trimmed({ value }: TransformFnParams): unknown {
  return typeof value === 'string' ? value.trim() : (value as unknown);
}
