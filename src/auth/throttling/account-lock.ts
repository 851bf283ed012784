import type { LoginAttempt } from './login-attempt.entity.js';

const FIRST_LOCK_MS = 1000;
const LONGEST_LOCK_MS = 15 * 60_000;
/** Failures are forgotten after so long without another one, counted from the end of the lock. */
const FORGET_AFTER_MS = 60 * 60_000;

export interface LockRule {
  /** Failures in a row that are free. */
  mostFailures: number;
}

/** The state after one more wrong password: from the limit on a lock of one second, doubling up to 15 minutes. */
export function afterFailure(attempt: LoginAttempt, { mostFailures }: LockRule, now: number): LoginAttempt {
  const isOld = Math.max(attempt.updatedAt, attempt.lockedUntil) + FORGET_AFTER_MS < now;
  const failures = isOld ? 1 : attempt.failures + 1;
  const excess = failures - mostFailures;
  const lockMs = excess < 0 ? 0 : Math.min(FIRST_LOCK_MS * 2 ** excess, LONGEST_LOCK_MS);
  return { ...attempt, failures, lockedUntil: now + lockMs, updatedAt: now };
}

export function lockedForMs(attempt: LoginAttempt | null, now: number): number {
  return Math.max(0, (attempt?.lockedUntil ?? 0) - now);
}
