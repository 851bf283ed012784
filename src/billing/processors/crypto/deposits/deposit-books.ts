import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from '../invoices/crypto-invoice.repository.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';
import { CryptoDepositRepository } from './crypto-deposit.repository.js';

/** What a deposit is worth. */
export interface Worth {
  /** What has really arrived. */
  units: bigint;
  /** Positive. */
  micro: number;
}

/**
 * Moves a deposit between waiting and credited, together with the sum of its invoice. Each method answers the invoice
 * as it is then, or undefined, and nothing changed, when the deposit is no longer where the caller thought.
 */
@Injectable()
export class DepositBooks {
  constructor(
    private readonly deposits: CryptoDepositRepository,
    private readonly invoices: CryptoInvoiceRepository,
  ) {}

  async markCredited(
    deposit: CryptoDeposit,
    { units, micro }: Worth,
    manager: EntityManager,
  ): Promise<CryptoInvoice | undefined> {
    const { id, invoiceId, blockAt } = deposit;
    const credits = deposit.credits + 1;
    const credited = { state: 'credited', creditedUnits: units.toString(), creditedMicro: micro } as const;
    if (!(await this.deposits.change(id, ['confirming'], { ...credited, credits }, manager)))
      return undefined;
    await this.invoices.addCredited(invoiceId, micro, manager);
    const invoice = await this.invoices.get(invoiceId, manager);
    // It counts when the block was made, not when we came to read it.
    if (invoice.isPaidLate || blockAt <= invoice.expiresAt) return invoice;
    await this.invoices.markPaidLate(invoiceId, manager);
    return { ...invoice, isPaidLate: true };
  }

  async markReversed(
    { id, invoiceId, creditedMicro }: CryptoDeposit,
    manager: EntityManager,
  ): Promise<CryptoInvoice | undefined> {
    const reversed = { state: 'reversed', creditedUnits: null, creditedMicro: 0, isFinal: false } as const;
    const changes = { ...reversed, missingSinceBlock: null };
    if (!(await this.deposits.change(id, ['credited'], changes, manager))) return undefined;
    await this.invoices.addCredited(invoiceId, -creditedMicro, manager);
    return this.invoices.get(invoiceId, manager);
  }
}
