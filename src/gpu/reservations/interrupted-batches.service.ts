import { Injectable } from '@nestjs/common';
import { idempotencyInProgress } from '../../database/idempotency.errors.js';
import { rentInterrupted } from '../gpu.errors.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { isLive } from '../rentals/rental-state.js';
import type { Rental } from '../rentals/rental.entity.js';
import { batchRentalIds } from './batch-rentals.js';
import { BatchView } from './reservation.view.js';

const RETRY_AFTER_SECONDS = 5;

/** Batches whose process died while it rented them: there is no row of a batch, only its rentals. */
@Injectable()
export class InterruptedBatches {
  constructor(private readonly rentals: RentalRepository) {}

  /**
   * What is rented of it; undefined when nothing was begun.
   * @throws DomainError 409 `idempotency_in_progress` while a farm's contract may still turn up, `rent_interrupted`
   *   when nothing is rented
   */
  async resume(batchId: string): Promise<BatchView | undefined> {
    const ids = [...batchRentalIds(batchId, 'vast.ai'), ...batchRentalIds(batchId, 'io.net')];
    const begun = await this.rentals.findMany(ids);
    if (begun.length === 0) return undefined;
    if (begun.some(isUndecided)) throw idempotencyInProgress(RETRY_AFTER_SECONDS);
    const rented = begun.filter(({ contractId }) => contractId !== null);
    if (rented.length === 0) throw rentInterrupted();
    return viewOf(rented, begun);
  }
}

function isUndecided({ contractId, state }: Rental): boolean {
  return contractId === null && isLive(state);
}

function viewOf(rented: readonly Rental[], begun: readonly Rental[]): BatchView {
  const at = (farm: Rental['provider']): Rental[] => rented.filter(({ provider }) => provider === farm);
  const failed = begun.filter(({ contractId }) => contractId === null);
  const errors = failed.map(({ provider, offerId, reason }) => ({
    provider,
    offer_id: offerId,
    code: reason ?? 'failed',
  }));
  return BatchView.from({ vastAi: at('vast.ai'), ioNet: at('io.net') }, errors);
}
