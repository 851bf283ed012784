import { DomainError } from '../common/domain-error.js';

export const rentalNotFound = (): DomainError =>
  new DomainError('rental_not_found', 404, 'You hold no such rental.');

export const reservationNotFound = (): DomainError =>
  new DomainError('reservation_not_found', 404, 'You made no such reservation.');

export const poolNotFound = (name: string): DomainError =>
  new DomainError('pool_not_found', 404, `You have no pool named ${name}.`);

export const poolExists = (name: string): DomainError =>
  new DomainError('pool_exists', 409, `You already have a pool named ${name}.`);

export const reservedPoolName = (): DomainError =>
  new DomainError(
    'reserved_pool_name',
    422,
    'The pool `default` is always there: it holds all running rentals.',
  );

export const unknownMembers = (ids: readonly string[]): DomainError =>
  new DomainError('unknown_members', 422, 'Some members are no rentals of yours.', {
    errors: ids.map((id) => ({ field: 'members', message: `no rental ${id}` })),
  });

export const offerNotFound = (): DomainError =>
  new DomainError('offer_not_found', 404, 'The farm has no such offer.');

export const priceAboveLimit = (pricePerHour: number): DomainError =>
  new DomainError('price_above_limit', 409, 'The offer now costs more than max_price.', {
    data: { price_per_hour: pricePerHour },
  });

export const notPrepaid = (provider: string): DomainError =>
  new DomainError('not_extendable', 409, `Rentals of ${provider} have no term that could be extended.`);

export const rentalEnded = (state: string): DomainError =>
  new DomainError('rental_ended', 409, `The rental is ${state}.`);

export const noContractYet = (): DomainError =>
  new DomainError('rental_not_ready', 409, 'The farm has not confirmed this rental yet.');

/** A reservation that could not be filled; nothing of it is left rented. */
export const reservationFailed = (
  reason: string,
  missing: readonly { code: string; provider?: string }[],
): DomainError => new DomainError('reservation_failed', 409, reason, { data: { reasons: missing } });

export const reservationCanceled = (): DomainError =>
  new DomainError('reservation_canceled', 409, 'The reservation was canceled; its machines are given back.');

export const notEnoughOffers = (found: number, wanted: number): DomainError =>
  new DomainError(
    'not_enough_offers',
    409,
    `Only ${found} of ${wanted} machines match; nothing was rented.`,
    {
      data: { found, wanted },
    },
  );

export const totalPriceAboveLimit = (): DomainError =>
  new DomainError(
    'price_above_limit',
    409,
    'The cheapest machines that match cost more than max_total_price.',
  );

/** An attempt of the same request died before the farm made a contract. */
export const rentInterrupted = (): DomainError =>
  new DomainError(
    'rent_interrupted',
    409,
    'The first attempt was cut off, and nothing is rented. Repeat the request to rent.',
  );
