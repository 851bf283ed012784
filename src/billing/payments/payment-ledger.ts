import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AccountOpener } from '../../credits/ledger/account-opener.js';
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
  ) {}

  /** @throws what LedgerService.post throws */
  async post(posting: Posting, manager: EntityManager): Promise<Posted> {
    await this.opener.openUnused(posting.userId, manager);
    return this.poster.post(posting, manager);
  }
}
