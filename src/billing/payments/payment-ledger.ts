import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AccountOpener } from '../../credits/ledger/account-opener.js';
import { AccountRepository } from '../../credits/ledger/account.repository.js';
import { Poster, type Posted, type Posting } from '../../credits/ledger/poster.js';

/**
 * The ledger as payments need it: inside the transaction that changes the payment's row, so that neither can be there
 * without the other. Change the row first; the ledger's own rows are locked after it, in its own order.
 */
@Injectable()
export class PaymentLedger {
  constructor(
    private readonly opener: AccountOpener,
    private readonly poster: Poster,
    private readonly accounts: AccountRepository,
  ) {}

  /** @throws what LedgerService.post throws */
  async post(posting: Posting, manager: EntityManager): Promise<Posted> {
    await this.opener.openUnused(posting.userId, manager);
    return this.poster.post(posting, manager);
  }

  /** What the account has that is neither spent nor held; negative in overage. The allowed overage does not count. */
  async unspentMicro(userId: string, manager: EntityManager): Promise<number> {
    const { postedMicro, heldMicro } = await this.accounts.get(userId, manager);
    return postedMicro - heldMicro;
  }

  async isFrozen(userId: string, manager: EntityManager): Promise<boolean> {
    await this.opener.openUnused(userId, manager);
    return (await this.accounts.get(userId, manager)).isFrozen;
  }

  setFrozen(userId: string, isFrozen: boolean, manager: EntityManager): Promise<void> {
    return this.accounts.setFrozen(userId, isFrozen, manager);
  }
}
