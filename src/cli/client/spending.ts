import { randomUUID } from 'node:crypto';
import type { FlagSpecs } from '../flags.js';
import type { Answer, Api, CallOptions } from './api.js';
import { CliError } from './errors.js';

export const IDEMPOTENCY_FLAG = {
  'idempotency-key': { kind: 'text', value: 'KEY', help: 'repeat an earlier attempt without paying twice' },
} as const satisfies FlagSpecs;

/**
 * A POST that costs money. It carries an idempotency key, and when the connection is lost on the way, so that
 * nobody knows whether the server has done it, the error says how to repeat it safely.
 */
export async function spend<T>(
  api: Api,
  path: string,
  options: CallOptions,
  idempotencyKey: string = randomUUID(),
): Promise<Answer<T>> {
  const headers = { ...options.headers, 'idempotency-key': idempotencyKey };
  try {
    return await api.request<T>('POST', path, { ...options, headers });
  } catch (error) {
    if (!(error instanceof CliError) || error.problem.code !== 'connection_lost') throw error;
    const detail = `${error.message}; it may have been done all the same: repeat with -idempotency-key ${idempotencyKey}`;
    throw new CliError(error.exitStatus, { ...error.problem, detail }, error);
  }
}
