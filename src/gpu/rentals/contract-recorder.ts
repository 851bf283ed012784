import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { RentedContract } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import type { Rental } from './rental.entity.js';
import { RentalRepository } from './rental.repository.js';
import { RentalTransitions } from './rental-transitions.service.js';

/** Writes down which contract stands behind a rental. */
@Injectable()
export class ContractRecorder {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rentals: RentalRepository,
    private readonly transitions: RentalTransitions,
    private readonly clock: Clock,
  ) {}

  /**
   * The farm made the contract. It is recorded even when the rental has been ended meanwhile, so that the contract
   * can be destroyed. Answers the rental as it is then.
   */
  async contractMade(rental: Rental, { contractId }: RentedContract): Promise<Rental> {
    await this.releaseFormer(rental, contractId);
    const contractAt = this.clock.now();
    const instanceId = ProvidersService.instanceIdOf(rental.provider, contractId);
    const patch = { contractId, instanceId, contractAt };
    await this.unitOfWork.run(async (manager) => {
      await this.rentals.releaseInstanceId(instanceId, rental.id, manager);
      await this.rentals.setContract(rental.id, patch, manager);
    });
    Object.assign(rental, patch);
    if (await this.transitions.provisioned(rental)) return rental;
    return (await this.rentals.findById(rental.id)) ?? rental;
  }

  /** A farm that gives an id again (a machine of one's own keeps its name) has nothing left of the former contract. */
  private async releaseFormer({ id, provider }: Rental, contractId: string): Promise<void> {
    for (const former of await this.rentals.openWithContract(provider, contractId)) {
      if (former.id !== id) await this.transitions.contractGone(former);
    }
  }
}
