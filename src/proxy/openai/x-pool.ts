import type { IncomingHttpHeaders } from 'node:http';

/** For us, not for the upstream. */
export const X_POOL = 'x-pool';

/** The pool that a caller names in X-Pool. */
export function poolNameOf(headers: IncomingHttpHeaders): string | undefined {
  const value = headers[X_POOL];
  return value === undefined || value === '' ? undefined : String(value);
}
