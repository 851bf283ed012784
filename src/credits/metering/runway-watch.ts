import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import { AppConfig } from '../../config/config.js';
import { spendableOf } from '../ledger/account.entity.js';
import { AccountRepository } from '../ledger/account.repository.js';
import { RentalMeterRepository } from './rental-meter.repository.js';

/** `credits.low`: the user's running rentals have less than BILLING_WARN left together. */
export interface CreditsLow {
  userId: string;
  runwaySeconds: number;
}

/** Tells a user once when the credits for what runs get short, and again only after there were enough in between. */
@Injectable()
export class RunwayWatch {
  constructor(
    private readonly meters: RentalMeterRepository,
    private readonly accounts: AccountRepository,
    private readonly events: EventBus,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async check(userId: string): Promise<void> {
    const runwaySeconds = await this.runwaySeconds(userId);
    const isLow = runwaySeconds * 1000 < this.config.billing.warnMs;
    if (!(await this.accounts.switchLowWarned(userId, isLow)) || !isLow) return;
    const data: CreditsLow = { userId, runwaySeconds };
    this.events.emit({ name: 'credits.low', userId, at: this.clock.now(), data });
  }

  /** How long everything that runs could go on; unlimited when nothing runs or all of it is free. */
  private async runwaySeconds(userId: string): Promise<number> {
    const { pricePerHourMicro, heldMicro } = await this.meters.burnOf(userId);
    const account = await this.accounts.find(userId);
    if (pricePerHourMicro === 0 || !account) return Number.POSITIVE_INFINITY;
    const available = account.isFrozen ? 0 : Math.max(0, spendableOf(account));
    return Math.floor(((heldMicro + available) * 3600) / pricePerHourMicro);
  }
}
