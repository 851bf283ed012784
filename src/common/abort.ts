import type { DomainError } from './domain-error.js';

/** A signal that fires after `ms`, or when the parent does. The timer does not keep the process alive. */
export function deadlineSignal(ms: number, parent?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(ms);
  return parent ? AbortSignal.any([timeout, parent]) : timeout;
}

export function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

/** Settles like `work`, or rejects with `timeoutError()` once `ms` have passed; the work itself goes on. */
export async function withinDeadline<T>(
  work: Promise<T>,
  ms: number,
  timeoutError: () => DomainError,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timeoutError()), ms);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
