import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { isDomainError } from '../../common/domain-error.js';
import { insufficientCredits } from '../../credits/credits.errors.js';
import { LedgerService } from '../../credits/ledger/ledger.service.js';
import type { Attempt } from '../../database/idempotency.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { noContractYet } from '../gpu.errors.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import type { Rental } from '../rentals/rental.entity.js';

const HOUR_MS = 3_600_000;
/** The end of a term is computed from rounded minutes. */
const ROUNDING_MS = 120_000;

/** What would end a rental, before it was extended. */
type Ends = Pick<Rental, 'endsAt' | 'durationHours' | 'timeLimitMs'>;

/** Buys more hours of contracts that are paid ahead. */
@Injectable()
export class TermExtender {
  private readonly logger = new Logger(TermExtender.name);

  constructor(
    private readonly providers: ProvidersService,
    private readonly rentals: RentalRepository,
    private readonly ledger: LedgerService,
    private readonly clock: Clock,
  ) {}

  /**
   * The owner's wish: everything that would end the rental moves by so many hours. A repetition of an attempt that died
   * finds by the ends from before how far that one had come.
   * @throws DomainError 409 `rental_not_ready`, 402 `insufficient_credits`: the farm takes the money for them now
   */
  async extendPaid(rental: Rental, hours: number, attempt: Attempt): Promise<void> {
    if (rental.contractId === null) throw noContractYet();
    const noted = attempt.note as Ends | undefined;
    const isBought = noted !== undefined && (await this.isBought(rental, noted, hours));
    if (!isBought) await this.buy(rental, hours, attempt);
    const { durationHours, timeLimitMs } = noted ?? rental;
    const isProlonged = durationHours !== rental.durationHours || timeLimitMs !== rental.timeLimitMs;
    if (!isProlonged) await this.rentals.prolong(rental.id, hours);
  }

  private async buy(rental: Rental, hours: number, attempt: Attempt): Promise<void> {
    const neededMicro = rental.priceMicro * hours;
    const { spendableMicro } = await this.ledger.balanceOf(rental.userId);
    if (spendableMicro < neededMicro) throw insufficientCredits(neededMicro, spendableMicro);
    const { endsAt, durationHours, timeLimitMs } = rental;
    await attempt.remember({ endsAt, durationHours, timeLimitMs } satisfies Ends);
    await this.extend(rental, hours);
  }

  private async isBought(rental: Rental, { endsAt }: Ends, hours: number): Promise<boolean> {
    const wanted = (endsAt ?? rental.createdAt) + hours * HOUR_MS - ROUNDING_MS;
    return ((await this.readEnd(rental)) ?? 0) >= wanted;
  }

  /** Nobody's wish: one more hour, if it can be paid and the farm agrees that the term ends before `dueBefore`. */
  async extendIfPayable(rental: Rental, dueBefore: number): Promise<void> {
    const { spendableMicro } = await this.ledger.balanceOf(rental.userId);
    if (spendableMicro < rental.priceMicro) return;
    const endsAt = await this.readEnd(rental);
    if (endsAt !== undefined && endsAt >= dueBefore) return;
    await this.extend(rental, 1);
    this.logger.log({ msg: 'term extended by an hour', rental_id: rental.id });
  }

  /** When the answer is lost, the new end tells whether it was done: it is never bought twice. */
  private async extend(rental: Rental, hours: number): Promise<void> {
    const provider = this.providers.byName(rental.provider);
    const { contractId, endsAt: before } = rental;
    if (!provider.extendContract || contractId === null) return;
    try {
      await provider.extendContract(contractId, hours, {});
    } catch (error) {
      const wanted = (before ?? this.clock.now()) + hours * HOUR_MS - ROUNDING_MS;
      const isDone =
        isDomainError(error, 'rent_outcome_unknown') && ((await this.readEnd(rental)) ?? 0) >= wanted;
      if (!isDone) throw error;
    }
    if (before !== null) await this.setEnd(rental, before + hours * HOUR_MS);
  }

  /** What the farm says now; undefined when it does not tell. */
  private async readEnd(rental: Rental): Promise<number | undefined> {
    if (rental.contractId === null) return undefined;
    const contract = await this.providers.byName(rental.provider).showContract(rental.contractId, {});
    if (contract?.endsAt !== undefined) await this.setEnd(rental, contract.endsAt);
    return contract?.endsAt;
  }

  private async setEnd(rental: Rental, endsAt: number): Promise<void> {
    rental.endsAt = Math.round(endsAt);
    await this.rentals.setEndsAt(rental.id, rental.endsAt);
  }
}
