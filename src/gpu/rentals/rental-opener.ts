import { Injectable } from '@nestjs/common';
import { isDomainError } from '../../common/domain-error.js';
import { RentalMeterService } from '../../credits/metering/rental-meter.service.js';
import { rentalEnded } from '../gpu.errors.js';
import { RentalFactory, type RentalOrder } from './rental-factory.js';
import { isLive } from './rental-state.js';
import { RentalRepository } from './rental.repository.js';
import { RentalTrail } from './rental-trail.js';
import { RentalTransitions } from './rental-transitions.service.js';
import type { Rental } from './rental.entity.js';

/** Writes down that something will be rented, and holds the money for it. */
@Injectable()
export class RentalOpener {
  constructor(
    private readonly factory: RentalFactory,
    private readonly rentals: RentalRepository,
    private readonly trail: RentalTrail,
    private readonly meter: RentalMeterService,
    private readonly transitions: RentalTransitions,
  ) {}

  /**
   * @throws DomainError 402 `insufficient_credits`, 409 `rental_ended` when its owner ended it meanwhile; then nothing
   *   is held and the row says so
   */
  async open(order: RentalOrder): Promise<Rental> {
    const rental = this.factory.make(order);
    await this.trail.open(rental, order.origin);
    try {
      await this.meter.authorize({
        rentalId: rental.id,
        userId: rental.userId,
        clientId: order.origin?.credentialId,
        ip: order.origin?.ip,
        pricePerHourMicro: rental.priceMicro,
        provider: rental.provider,
        providerPricePerHourMicro: rental.providerPriceMicro,
        minimumHours: rental.minimumHours,
        gpuCount: rental.gpuCount,
      });
      await this.requireWanted(rental);
      return rental;
    } catch (error) {
      await this.transitions.fail(rental, isDomainError(error) ? error.code : 'not_authorized', false);
      throw error;
    }
  }

  find(id: string): Promise<Rental | null> {
    return this.rentals.findById(id);
  }

  /** The rental as it stands, if its contract has been found and it lives. */
  async findAdopted({ id }: Rental): Promise<Rental | undefined> {
    const rental = await this.rentals.findById(id);
    return rental && rental.contractId !== null && isLive(rental.state) ? rental : undefined;
  }

  /** Whoever ended it before the money was held could not free it. */
  private async requireWanted({ id, createdAt }: Rental): Promise<void> {
    const { state = 'destroyed' } = (await this.rentals.findById(id)) ?? {};
    if (isLive(state)) return;
    await this.meter.finish(id, createdAt);
    throw rentalEnded(state);
  }
}
