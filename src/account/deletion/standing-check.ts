import { Injectable } from '@nestjs/common';
import { creditsFromMicro } from '../../common/money.js';
import { accountFrozen } from '../../credits/credits.errors.js';
import { LedgerService } from '../../credits/ledger/ledger.service.js';
import { RentalCatalogue } from '../../gpu/rentals/rental-catalogue.service.js';
import { moneyOwed, rentalsRunning } from '../account.errors.js';

/** Whether an account may go: nothing runs for it, and it owes nothing. */
@Injectable()
export class StandingCheck {
  constructor(
    private readonly rentals: RentalCatalogue,
    private readonly ledger: LedgerService,
  ) {}

  /** @throws DomainError 409 `rentals_running`, `money_owed`, 403 `account_frozen` (a dispute is open) */
  async requireClear(userId: string): Promise<void> {
    const open = await this.rentals.countOpen(userId);
    if (open > 0) throw rentalsRunning(open);
    const { overageMicro, isFrozen } = await this.ledger.balanceOf(userId);
    if (overageMicro > 0) throw moneyOwed(creditsFromMicro(overageMicro));
    if (isFrozen) throw accountFrozen();
  }
}
