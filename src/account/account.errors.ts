import { DomainError } from '../common/domain-error.js';

export function reauthenticationRequired(): DomainError {
  return new DomainError(
    'reauthentication_required',
    401,
    'Log in again: this needs a login younger than 5 minutes.',
  );
}

/** @param count of rentals that run or whose last charge is not booked yet */
export function rentalsRunning(count: number): DomainError {
  return new DomainError('rentals_running', 409, 'End your rentals first.', { data: { rentals: count } });
}

export function moneyOwed(owed: number): DomainError {
  return new DomainError('money_owed', 409, 'The account owes credits; pay them first.', {
    data: { owed_credits: owed },
  });
}
