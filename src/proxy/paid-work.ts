import type { Admission } from '../credits/requests/admission.js';
import { timeLimitExceeded } from './proxy.errors.js';
import type { ProxyService } from './proxy.service.js';
import type { Visit } from './visit.js';

/** What stops a request whose client has gone. */
export const CLIENT_LEFT = new Error('the client has left');

export interface PaidWork {
  visit: Visit;
  timeLimitMs: number | undefined;
}

/**
 * For handlers that send by themselves: lets a request in, and stops it when its client leaves, its time is over or its
 * credits are used up. What the work has not accounted for by its end costs nothing.
 * @param work gets the signal that stops it; its reason is CLIENT_LEFT or the DomainError to answer with
 * @throws (rejects) 402 and 403, as ProxyService.admit, and what the work throws
 */
export async function whilePaid(
  proxy: ProxyService,
  { visit, timeLimitMs }: PaidWork,
  work: (signal: AbortSignal, admission: Admission) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const leave = (): void => stop.abort(CLIENT_LEFT);
  const expire = (): void => stop.abort(timeLimitExceeded());
  const timer = timeLimitMs === undefined ? undefined : setTimeout(expire, timeLimitMs);
  visit.response.once('close', leave);
  try {
    const admission = await proxy.admit(visit, timeLimitMs);
    admission.onExhausted((error) => stop.abort(error));
    await work(stop.signal, admission).finally(() => proxy.release(admission));
  } finally {
    clearTimeout(timer);
    visit.response.off('close', leave);
  }
}
