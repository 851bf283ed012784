import { parseDurationMs } from '../../common/duration.js';
import { UsageError, type FlagSpecs } from '../flags.js';

export const TIME_LIMIT_FLAG = {
  timelimit: { kind: 'text', value: 'DURATION', help: 'X-Timelimit: 30, 30s, 5m or 1h' },
} as const satisfies FlagSpecs;

/** The header for a time limit, checked before anything is sent. */
export function timeLimitHeader(text: string | undefined): Record<string, string | undefined> {
  if (text !== undefined) timeLimitMs(text);
  return { 'x-timelimit': text };
}

/** How long a proxied request may take until its first byte: the server's own limit (300 s) and a little more. */
export function proxiedHeadTimeoutMs(timeLimit: string | undefined): number {
  return (timeLimit === undefined ? 300_000 : timeLimitMs(timeLimit)) + 30_000;
}

function timeLimitMs(text: string): number {
  try {
    return parseDurationMs(text);
  } catch (error) {
    throw new UsageError(`-timelimit is ${(error as Error).message}`);
  }
}
