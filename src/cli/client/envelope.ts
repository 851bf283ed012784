import { UsageError } from '../flags.js';
import { parseJson } from './problem.js';

interface Target {
  target_url?: string;
  pool?: string;
  instance_id?: string;
  path?: string;
}

/** Exactly one of an address, a pool and an instance; with the last two the address is a path. */
export function readTarget(
  address: string | undefined,
  pool: string | undefined,
  instance: string | undefined,
): Target {
  if (pool !== undefined && instance !== undefined) throw new UsageError('give -pool or -instance, not both');
  if (pool === undefined && instance === undefined) {
    if (address === undefined) throw new UsageError('proxy needs a URL, or -pool or -instance');
    return { target_url: address };
  }
  if (address !== undefined && !address.startsWith('/'))
    throw new UsageError(`with -pool or -instance give a path such as /v1/models, not "${address}"`);
  return { pool, instance_id: instance, path: address };
}

/**
 * The envelope as JSON text. The body is put in as it was written, not parsed and printed again, so that large
 * numbers and 1.0 reach the upstream unchanged; what is not JSON goes as a string.
 */
export function envelopeText(envelope: object, body: string | undefined): string {
  const text = JSON.stringify(envelope);
  if (body === undefined) return text;
  const value = parseJson(body) === undefined ? JSON.stringify(body) : body.trim();
  return `${text.slice(0, -1)},"body":${value}}`;
}
