import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { UsageError } from '../flags.js';
import type { ProgramIo } from '../run-program.js';

/** The text itself, or with `@file` what the file holds, with `@-` what comes from standard input (curl's habit). */
export async function readInput(value: string, io: ProgramIo): Promise<string> {
  if (!value.startsWith('@')) return value;
  if (value === '@-') return io.stdin ? readStream(io.stdin) : '';
  try {
    return await readFile(value.slice(1), 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${value.slice(1)}: ${(error as Error).message}`);
  }
}

/** `NAME=value` words as an object. */
export function pairs(
  flag: string,
  words: readonly string[],
  separator: '=' | ':',
): Record<string, string> | undefined {
  if (words.length === 0) return undefined;
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf(separator);
      if (at < 1) throw new UsageError(`-${flag} is written NAME${separator}value, not "${word}"`);
      return [word.slice(0, at).trim(), word.slice(at + 1).trim()];
    }),
  );
}
