import { isLive } from '../rentals/rental-state.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { Reservation } from './reservation.entity.js';

export type Verdict =
  | { kind: 'wait' }
  | { kind: 'complete' }
  | { kind: 'fail'; reason: string }
  /** So many members are missing and have to be replaced, given the members that are left. */
  | { kind: 'replace'; members: Rental[] };

/** After its deadline, a renting process that has not reported is taken for dead. */
const INTERRUPTED_AFTER_MS = 120_000;

/**
 * What becomes of a pending reservation. Pure.
 * - While it is being rented it is left alone, unless the process that did so died.
 * - A member that its owner destroyed is the owner's wish, not a failure: it is not missed.
 * - `atomic`: a member that ended before it ran is replaced; when all wanted members run, it is complete.
 * - `best_effort`: complete once no member is on its way any more and at least one runs.
 */
export function judge(reservation: Reservation, members: readonly Rental[], now: number): Verdict {
  if (reservation.rentedAt === null) {
    const isInterrupted = now > reservation.deadlineAt + INTERRUPTED_AFTER_MS;
    return isInterrupted ? { kind: 'fail', reason: 'interrupted' } : { kind: 'wait' };
  }
  const present = members.filter(({ state }) => isLive(state));
  const onTheWay = present.filter(({ runningAt }) => runningAt === null);
  return reservation.mode === 'atomic'
    ? judgeAtomic(reservation, members, { present, onTheWay })
    : judgeBestEffort(members, onTheWay);
}

interface Present {
  present: Rental[];
  onTheWay: Rental[];
}

function judgeAtomic(
  reservation: Reservation,
  members: readonly Rental[],
  { present, onTheWay }: Present,
): Verdict {
  const dismissed = members.filter(isDismissed).length;
  const everRan = members.filter(({ runningAt }) => runningAt !== null).length;
  const ranAndEnded = everRan - present.filter(({ runningAt }) => runningAt !== null).length;
  const missing = reservation.requested - dismissed - ranAndEnded - present.length;
  if (missing > 0) return { kind: 'replace', members: present };
  return onTheWay.length === 0 ? { kind: 'complete' } : { kind: 'wait' };
}

function judgeBestEffort(members: readonly Rental[], onTheWay: readonly Rental[]): Verdict {
  if (onTheWay.length > 0) return { kind: 'wait' };
  const hasRun = members.some(({ runningAt }) => runningAt !== null);
  return hasRun ? { kind: 'complete' } : { kind: 'fail', reason: 'no_member_came_up' };
}

/** Ended by its owner before it ran. */
function isDismissed({ reason, runningAt, state }: Rental): boolean {
  return (
    runningAt === null && reason === 'destroyed_by_owner' && (state === 'stopping' || state === 'destroyed')
  );
}
