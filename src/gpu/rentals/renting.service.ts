import { Injectable, Logger } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import { RentalMeterService } from '../../credits/metering/rental-meter.service.js';
import type { RentedContract, RentRequest } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import type { RentalConfig } from './rental-config.js';
import { RentalFactory, type RentalOrder } from './rental-factory.js';
import { RentalRepository } from './rental.repository.js';
import { RentalTransitions } from './rental-transitions.service.js';
import type { Rental } from './rental.entity.js';

/** Times a lost rent is looked for before its member counts as failed; the reconciler looks on after that. */
const LOST_RENT_LOOKUPS = 3;
const LOST_RENT_PAUSE_MS = 1000;

/**
 * Renting as a saga of two steps: `open` commits the intent and holds the money, `fulfil` calls the farm. Whatever
 * breaks between them leaves a row with a unique label from which the reconciler finds the contract, or its absence.
 */
@Injectable()
export class RentingService {
  private readonly logger = new Logger(RentingService.name);

  constructor(
    private readonly rentals: RentalRepository,
    private readonly transitions: RentalTransitions,
    private readonly meter: RentalMeterService,
    private readonly providers: ProvidersService,
    private readonly factory: RentalFactory,
  ) {}

  /** @throws DomainError 402 `insufficient_credits`; then nothing is held and the row says so */
  async open(order: RentalOrder): Promise<Rental> {
    const rental = this.factory.make(order);
    await this.rentals.insert(rental);
    try {
      await this.meter.authorize({
        rentalId: rental.id,
        userId: rental.userId,
        pricePerHourMicro: rental.priceMicro,
        minimumHours: rental.minimumHours,
      });
      return rental;
    } catch (error) {
      await this.transitions.fail(rental, isDomainError(error) ? error.code : 'not_authorized', false);
      throw error;
    }
  }

  /** Calls the farm once. @throws the farm's DomainError after the rental has been closed as failed */
  async fulfil(rental: Rental, config: RentalConfig, signal?: AbortSignal): Promise<Rental> {
    try {
      const contract = await this.rentOnce(rental, config, signal);
      return await this.transitions.contractMade(rental, contract);
    } catch (error) {
      const isOutcomeUnknown = !isDomainError(error) || error.code === 'rent_outcome_unknown';
      await this.transitions.fail(
        rental,
        isDomainError(error) ? error.code : 'rent_failed',
        isOutcomeUnknown,
      );
      throw error;
    }
  }

  /** Undoes `open`: the farm was never asked. */
  async withdraw(rental: Rental): Promise<void> {
    await this.transitions.fail(rental, 'not_rented', false);
  }

  private async rentOnce(
    rental: Rental,
    config: RentalConfig,
    signal?: AbortSignal,
  ): Promise<RentedContract> {
    const provider = this.providers.byName(rental.provider);
    try {
      return await provider.rent(toRentRequest(rental, config), { signal });
    } catch (error) {
      if (!isDomainError(error, 'rent_outcome_unknown')) throw error;
      const found = await this.findByLabel(rental);
      if (!found) throw error;
      this.logger.warn({ msg: 'rent answer was lost, contract found by label', rental_id: rental.id });
      return found;
    }
  }

  /** A contract may take a moment to show in the farm's list; the lookup is a read and may be repeated. */
  private async findByLabel(rental: Rental): Promise<RentedContract | undefined> {
    const provider = this.providers.byName(rental.provider);
    for (let attempt = 1; attempt <= LOST_RENT_LOOKUPS; attempt++) {
      const found = await provider.listContracts(rental.label, {}).catch((error: unknown) => {
        this.logger.warn({ msg: 'cannot look for a lost rent', rental_id: rental.id, err: error });
        return [];
      });
      const contract = found.find(({ label, state }) => label === rental.label && state !== 'gone');
      if (contract) return contract;
      await this.factory.pause(LOST_RENT_PAUSE_MS * attempt);
    }
    return undefined;
  }
}

function toRentRequest(rental: Rental, config: RentalConfig): RentRequest {
  return {
    offerId: rental.offerId,
    label: rental.label,
    image: config.image,
    diskGb: config.diskGb,
    env: config.env,
    ports: config.ports,
    command: config.command,
    onstart: config.onstart,
    durationHours: prepaidHours(rental),
    maxPricePerHour: rental.providerPriceMicro / 1_000_000,
    registry: config.registry,
  };
}

/** Prepaid farms sell whole hours: the wanted duration, else the time limit rounded up, else one, extended later. */
export function prepaidHours({
  durationHours,
  timeLimitMs,
}: Pick<Rental, 'durationHours' | 'timeLimitMs'>): number {
  if (durationHours !== null) return durationHours;
  return timeLimitMs === null ? 1 : Math.max(1, Math.ceil(timeLimitMs / 3_600_000));
}
