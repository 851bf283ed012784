import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import type { GpuProvider, ProviderContract } from '../../providers/gpu-provider.js';
import { FarmBills } from '../bills/farm-bills.service.js';
import { DestroyCalls } from '../rentals/destroy-calls.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { isLive } from '../rentals/rental-state.js';
import type { Rental } from '../rentals/rental.entity.js';
import { ORPHAN_FOUND, type OrphanFound } from './reconciler.events.js';

/** Contracts with our mark that no open rental claims: they cost money and nobody uses them. */
@Injectable()
export class OrphanContracts {
  private readonly logger = new Logger(OrphanContracts.name);

  constructor(
    private readonly rentals: RentalRepository,
    private readonly calls: DestroyCalls,
    private readonly bills: FarmBills,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /** Destroys it, unless a rental has claimed it since the books were read. */
  async end(farm: GpuProvider, contract: ProviderContract): Promise<void> {
    const { contractId, label } = contract;
    const rental = label === null ? null : await this.rentals.findByLabel(label);
    if (rental && claims(rental, contractId)) return;
    const which = { provider: farm.name, contract_id: contractId, rental_id: rental?.id };
    await this.bills.noteOrphan(farm, contract, rental);
    this.logger.error({ msg: 'contract without a rental, destroying it', ...which });
    const data: OrphanFound = { provider: farm.name };
    this.events.emit({ name: ORPHAN_FOUND, at: this.clock.now(), data });
    void this.calls.ask({ provider: farm.name, contractId, label });
  }
}

/** A second contract of one label is nobody's. */
function claims({ state, contractId: own }: Rental, contractId: string): boolean {
  return isLive(state) && (own === null || own === contractId);
}
