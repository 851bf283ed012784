import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AppConfig } from '../../config/config.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { AccountOpener } from '../ledger/account-opener.js';
import { HoldKeeper } from '../ledger/hold-keeper.js';
import { MeterOpener } from './meter-opener.js';
import { priceBeforeMarkup } from '../pricing.js';
import { reserveAtStart } from './rental-cost.js';
import { runwayMsOf } from './runway.js';

const SECONDS_PER_HOUR = 3600;

/** What a rental will be charged by. */
export interface RentalTerms {
  rentalId: string;
  userId: string;
  /** Markup included. */
  pricePerHourMicro: number;
  /** Hours charged at least, once it runs; 0 = by the second from the start. */
  minimumHours: number;
  /** GPUs of the instance, for quotas of GPU hours. Default 1. */
  gpuCount?: number;
  /** The farm's name, for its accounts. */
  provider?: string;
  /** What the farm takes; default: the price without the operator's markup. */
  providerPricePerHourMicro?: number;
  /** The key or login that rents; shown in the session row. Default: the user. */
  clientId?: string;
  ip?: string;
}

/** Sets the credits aside and makes the meter, before anything is rented. */
@Injectable()
export class RentalAuthorization {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly opener: AccountOpener,
    private readonly holds: HoldKeeper,
    private readonly meters: MeterOpener,
    private readonly config: AppConfig,
  ) {}

  async authorize(terms: RentalTerms): Promise<void> {
    await this.opener.open(terms.userId, 'spend');
    await this.unitOfWork.run((manager) => this.hold(terms, manager));
  }

  private async hold(terms: RentalTerms, manager: EntityManager): Promise<void> {
    const { rentalId, userId, pricePerHourMicro, gpuCount = 1, provider = 'unknown' } = terms;
    const minimumSeconds = Math.ceil(terms.minimumHours * SECONDS_PER_HOUR);
    const amountMicro = reserveAtStart(pricePerHourMicro, minimumSeconds, runwayMsOf(this.config));
    const idempotencyKey = `rental:${rentalId}`;
    const hold = await this.holds.place(
      { userId, amountMicro, purpose: 'rental', reference: rentalId, idempotencyKey },
      manager,
    );
    const { providerPricePerHourMicro = this.farmPriceOf(pricePerHourMicro) } = terms;
    const prices = { pricePerHourMicro, providerPricePerHourMicro, minimumSeconds };
    const who = { clientId: terms.clientId ?? userId, ip: terms.ip ?? null };
    const { id: holdId, createdAt } = hold;
    await this.meters.open(
      { rentalId, userId, holdId, ...who, provider, gpuCount, ...prices, createdAt },
      manager,
    );
  }

  private farmPriceOf(pricePerHourMicro: number): number {
    return priceBeforeMarkup(pricePerHourMicro, this.config.billing.markupPercent);
  }
}
