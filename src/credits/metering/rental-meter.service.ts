import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { rentalNotMetered } from '../credits.errors.js';
import { RentalAuthorization, type RentalTerms } from './rental-authorization.js';
import { RentalMeterRepository } from './rental-meter.repository.js';
import { RentalSettlement } from './rental-settlement.js';
import { RentalTickService } from './rental-tick.service.js';

/**
 * Charges rentals by the second of `running`. All instants are epoch ms, all amounts micro-credits.
 *
 * authorize (before the farm is asked) → start (the farm says it runs) → tick, every BILLING_TICK by a job → finish.
 * A rental always has BILLING_RUNWAY (at least two ticks) of its price held; when the account cannot fill that up
 * any more, the held credits are spent, and the rental is `exhausted` when less than one tick's cost is left.
 *
 * Loss bound of the platform per rental: price × (one tick + the time it takes to stop the instance), less what is
 * left of the hold. A customer is never charged for time after the end that `finish` names, nor beyond the account's
 * cap.
 */
@Injectable()
export class RentalMeterService {
  private readonly logger = new Logger(RentalMeterService.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly meters: RentalMeterRepository,
    private readonly authorization: RentalAuthorization,
    private readonly ticks: RentalTickService,
    private readonly settlement: RentalSettlement,
  ) {}

  /**
   * Holds price × max(minimum hours, runway). Again with the same terms: nothing more happens.
   * @throws insufficient_credits (402, with `needed` and `available`), account_frozen, idempotency_mismatch
   */
  authorize(terms: RentalTerms): Promise<void> {
    return this.authorization.authorize(terms);
  }

  /**
   * The rental runs from `runningAtMs` on. A rental that was started or finished before stays as it is.
   * @throws rental_not_metered
   */
  async start(rentalId: string, runningAtMs: number): Promise<void> {
    if (await this.meters.start(rentalId, runningAtMs)) return;
    if (!(await this.meters.find(rentalId))) throw rentalNotMetered();
  }

  /**
   * Charges a running rental through `nowMs`. Ticks may come late, twice or from several processes.
   * @returns `exhausted` when the rental has to be stopped
   * @throws rental_not_metered
   */
  tick(rentalId: string, nowMs: number): Promise<'paid' | 'exhausted'> {
    return this.ticks.tick(rentalId, nowMs);
  }

  /**
   * Charges through `endedAtMs` (the minimum hours at least; nothing when it never ran), frees the hold and writes
   * the session row. The first call counts, later ones answer the same. What ticks charged past `endedAtMs` is given
   * back. A rental that was never authorized has cost nothing.
   */
  async finish(rentalId: string, endedAtMs: number): Promise<{ chargedMicro: number }> {
    const chargedMicro = await this.unitOfWork.run((manager) =>
      this.finishOnce(rentalId, endedAtMs, manager),
    );
    return { chargedMicro };
  }

  /** What each rental has been charged so far; rentals without a meter are left out. */
  async costOf(rentalIds: readonly string[]): Promise<Map<string, number>> {
    if (rentalIds.length === 0) return new Map();
    const meters = await this.meters.findMany(rentalIds);
    return new Map(meters.map((meter) => [meter.rentalId, meter.chargedMicro]));
  }

  /** Rentals that have used up their credits and are not finished: stop them. */
  exhausted(): Promise<string[]> {
    return this.meters.exhausted();
  }

  private async finishOnce(rentalId: string, endedAtMs: number, manager: EntityManager): Promise<number> {
    const isFirst = await this.meters.claimFinish(rentalId, endedAtMs, manager);
    const meter = await this.meters.find(rentalId, manager);
    if (!isFirst || !meter) return meter?.chargedMicro ?? 0;
    const chargedMicro = await this.settlement.settle(meter, endedAtMs, manager);
    this.logger.debug({ msg: 'rental settled', rental_id: rentalId, charged_micro: chargedMicro });
    return chargedMicro;
  }
}
