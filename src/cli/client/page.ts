import type { FlagSpecs, FlagValues } from '../flags.js';
import type { Output } from './output.js';
import type { Page } from './wire.js';

/** For lists that the server hands out in pages. */
export const PAGE_FLAGS = {
  limit: { kind: 'number', value: 'N', help: 'rows to show (at most 100)' },
  cursor: { kind: 'text', value: 'CURSOR', help: 'where the last page ended' },
} as const satisfies FlagSpecs;

export function pageQuery(flags: FlagValues<typeof PAGE_FLAGS>): { limit?: number; cursor?: string } {
  return { limit: flags.limit, cursor: flags.cursor };
}

/** For lists of what has happened. */
export const HISTORY_FLAGS = {
  from: { kind: 'text', value: 'TIME', help: 'earliest, e.g. 2030-01-31 or 2030-01-31T12:00:00Z' },
  to: { kind: 'text', value: 'TIME', help: 'up to this time' },
  ...PAGE_FLAGS,
} as const satisfies FlagSpecs;

export function historyQuery(
  flags: FlagValues<typeof HISTORY_FLAGS>,
): Record<string, string | number | undefined> {
  return { from: flags.from, to: flags.to, ...pageQuery(flags) };
}

/** Says under a table that there is more, and how to see it. */
export function noteNextPage(output: Output, { next_cursor }: Page): void {
  if (next_cursor) output.note(`There is more: -cursor ${next_cursor}`);
}
