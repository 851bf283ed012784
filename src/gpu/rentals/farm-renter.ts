import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { isDomainError } from '../../common/domain-error.js';
import type { RentedContract, RentRequest } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import type { RentalConfig } from './rental-config.js';
import type { Rental } from './rental.entity.js';

/** Times a lost rent is looked for before its member counts as failed; the reconciler looks on after that. */
const LOST_RENT_LOOKUPS = 3;
const LOST_RENT_PAUSE_MS = 1000;
/** The price was rounded up to a micro-credit; rounding must not refuse an offer that costs exactly that. */
const ROUNDING = 1e-6;

/** Asks a farm for one machine, once. */
@Injectable()
export class FarmRenter {
  private readonly logger = new Logger(FarmRenter.name);

  constructor(
    private readonly providers: ProvidersService,
    private readonly clock: Clock,
  ) {}

  /** A lost answer is looked up by the label, which no other contract has. @throws the farm's DomainError */
  async rent(rental: Rental, config: RentalConfig, signal?: AbortSignal): Promise<RentedContract> {
    try {
      return await this.providers.byName(rental.provider).rent(toRentRequest(rental, config), { signal });
    } catch (error) {
      if (!isDomainError(error, 'rent_outcome_unknown')) throw error;
      const found = await this.findByLabel(rental);
      if (!found) throw error;
      this.logger.warn({ msg: 'rent answer was lost, contract found by label', rental_id: rental.id });
      return found;
    }
  }

  /** A contract may take a moment to show in the farm's list; the lookup is a read and may be repeated. */
  async findByLabel(rental: Rental): Promise<RentedContract | undefined> {
    for (let attempt = 1; attempt <= LOST_RENT_LOOKUPS; attempt++) {
      const found = await this.lookUp(rental);
      if (found) return found;
      if (attempt < LOST_RENT_LOOKUPS) await this.clock.sleep(LOST_RENT_PAUSE_MS * attempt);
    }
    return undefined;
  }

  private async lookUp({ id, provider, label }: Rental): Promise<RentedContract | undefined> {
    try {
      const listed = await this.providers.byName(provider).listContracts(label, {});
      return listed.find((contract) => contract.label === label && contract.state !== 'gone');
    } catch (error) {
      this.logger.warn({ msg: 'cannot look for a lost rent', rental_id: id, err: error });
      return undefined;
    }
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
    maxPricePerHour: rental.providerPriceMicro / 1_000_000 + ROUNDING,
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
