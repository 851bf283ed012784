import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { AccountRepository } from './account.repository.js';
import { balanceFrom, periodStart, type Balance } from './balance.js';
import { userAccount } from './transfer-codes.js';
import { TransferRepository } from './transfer.repository.js';

/** Reads balances; inside a transaction that has changed the account, exactly as they stand there. */
@Injectable()
export class BalanceReader {
  constructor(
    private readonly accounts: AccountRepository,
    private readonly transfers: TransferRepository,
    private readonly clock: Clock,
  ) {}

  /** The account must have been opened. */
  async read(userId: string, manager: EntityManager): Promise<Balance> {
    const account = await this.accounts.get(userId, manager);
    const start = periodStart(this.clock.now());
    const last = await this.transfers.lastEntryBefore(userAccount(userId), start, manager);
    return balanceFrom(account, last?.usedAfterMicro ?? 0);
  }
}
