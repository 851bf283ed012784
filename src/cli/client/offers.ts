import { relative } from './format.js';
import type { Output } from './output.js';
import type { OfferList } from './wire.js';

/** Offers older than this are called stale. */
const FRESH_MS = 15_000;

/** Says under a table of offers which farms are missing from it and that it is old, when it is. */
export function noteGaps(output: Output, { partial = [], as_of }: OfferList): void {
  for (const { provider, code } of partial)
    output.line(output.paint.yellow(`${provider} is missing: ${code}`));
  if (as_of && output.nowMs - Date.parse(as_of) > FRESH_MS) {
    output.line(output.paint.yellow(`These offers are stale: as of ${relative(as_of, output.nowMs)}`));
  }
}
