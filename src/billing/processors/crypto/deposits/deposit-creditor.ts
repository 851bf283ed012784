import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../../../database/unit-of-work.js';
import { PaymentSettlement } from '../../../payments/payment-settlement.js';
import { standingOf } from '../invoices/invoice-standing.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';
import { DepositAnnouncer } from './deposit-announcer.js';
import { DepositBooks, type Worth } from './deposit-books.js';
import { clearingAccount, creditKey } from './posting-keys.js';

/** Credits a deposit: its row, the invoice, the payment and the ledger change in one transaction or not at all. */
@Injectable()
export class DepositCreditor {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly books: DepositBooks,
    private readonly settlement: PaymentSettlement,
    private readonly announcer: DepositAnnouncer,
  ) {}

  /** Does nothing when the deposit is no longer waiting: another watcher was faster. */
  async credit(deposit: CryptoDeposit, worth: Worth): Promise<void> {
    const paymentId = await this.unitOfWork.run(async (manager) => {
      const invoice = await this.books.markCredited(deposit, worth, manager);
      if (!invoice) return undefined;
      const part = {
        paymentId: invoice.paymentId,
        amountMicro: worth.micro,
        postingKey: creditKey(deposit, deposit.credits + 1),
        clearing: clearingAccount(deposit),
        ...standingOf(invoice),
      };
      await this.settlement.creditPart(part, manager);
      return invoice.paymentId;
    });
    if (paymentId !== undefined) await this.announcer.changed(paymentId);
  }
}
