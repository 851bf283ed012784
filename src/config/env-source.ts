import { readFileSync } from 'node:fs';
import { describeVariables } from './variable.js';
import { Environment } from './env.dto.js';

export type RawEnvironment = Readonly<Record<string, string | undefined>>;

export interface SourceResult {
  values: Record<string, string>;
  problems: string[];
}

/** Keeps the variables that we know, treats empty ones as unset and reads `NAME_FILE` for secrets. */
export function readKnownVariables(env: RawEnvironment): SourceResult {
  const result: SourceResult = { values: {}, problems: [] };
  for (const { name, isSecret } of describeVariables(Environment.prototype)) {
    const value = nonEmpty(env[name]) ?? (isSecret ? readSecretFile(name, env, result.problems) : undefined);
    if (value !== undefined) result.values[name] = value;
  }
  return result;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

function readSecretFile(name: string, env: RawEnvironment, problems: string[]): string | undefined {
  const path = nonEmpty(env[`${name}_FILE`]);
  if (path === undefined) return undefined;
  try {
    return nonEmpty(readFileSync(path, 'utf8').trim());
  } catch (error) {
    problems.push(`${name}_FILE: cannot read the file (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
    return undefined;
  }
}
