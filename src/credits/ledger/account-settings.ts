import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { AccountOpener } from './account-opener.js';
import { AccountRepository } from './account.repository.js';

/** What operators and disputes decide about an account. */
@Injectable()
export class AccountSettings {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly opener: AccountOpener,
    private readonly accounts: AccountRepository,
  ) {}

  /**
   * Sets the most overage allowed. Below the present overage is allowed too: it refuses new debits and holds, what
   * is held can still be charged.
   */
  setCap(userId: string, capMicro: number): Promise<void> {
    if (!Number.isSafeInteger(capMicro) || capMicro < 0) throw new RangeError(`not a cap: ${capMicro}`);
    return this.unitOfWork.run(async (manager) => {
      await this.opener.openUnused(userId, manager);
      await this.accounts.setCap(userId, capMicro, manager);
    });
  }

  /** A frozen account can neither hold nor be debited. */
  setFrozen(userId: string, isFrozen: boolean): Promise<void> {
    return this.unitOfWork.run(async (manager) => {
      await this.opener.openUnused(userId, manager);
      await this.accounts.setFrozen(userId, isFrozen, manager);
    });
  }
}
