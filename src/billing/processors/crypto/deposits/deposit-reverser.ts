import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../../../database/unit-of-work.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';
import { DepositAnnouncer } from './deposit-announcer.js';
import { DepositBooks } from './deposit-books.js';
import { PaymentReversal } from './payment-reversal.js';

/** Takes a credited deposit back that is no longer part of the chain. */
@Injectable()
export class DepositReverser {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly books: DepositBooks,
    private readonly payments: PaymentReversal,
    private readonly announcer: DepositAnnouncer,
  ) {}

  async reverse(deposit: CryptoDeposit): Promise<void> {
    const paymentId = await this.unitOfWork.run(async (manager) => {
      const invoice = await this.books.markReversed(deposit, manager);
      if (!invoice) return undefined;
      await this.payments.takeBack(deposit, invoice, manager);
      return invoice.paymentId;
    });
    if (paymentId !== undefined) await this.announcer.reversed(paymentId, deposit);
  }
}
