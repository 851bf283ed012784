import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../../../common/clock.js';
import { PaymentLedger } from '../../../payments/payment-ledger.js';
import type { Payment } from '../../../payments/payment.entity.js';
import { PaymentRepository } from '../../../payments/payment.repository.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';
import { clearingAccount, reversalKey } from './posting-keys.js';

/** Takes back what a part of a payment brought, inside the caller's transaction. */
@Injectable()
export class PaymentReversal {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly ledger: PaymentLedger,
    private readonly clock: Clock,
  ) {}

  /**
   * The user may have spent the credits: then the account goes into debt and freezes.
   * @param deposit as it was credited
   * @param invoice as it is without the deposit
   */
  async takeBack(deposit: CryptoDeposit, invoice: CryptoInvoice, manager: EntityManager): Promise<void> {
    const { paymentId, userId } = invoice;
    const amountMicro = -deposit.creditedMicro;
    await this.payments.addCredited(paymentId, amountMicro, this.clock.now(), manager);
    await this.restate(invoice, manager);
    await this.ledger.post(
      {
        userId,
        amountMicro,
        code: 'chargeback',
        idempotencyKey: reversalKey(deposit),
        reference: paymentId,
        reason: 'the deposit vanished from the chain',
      },
      { clearing: clearingAccount(deposit), amountMicro },
      manager,
    );
  }

  private async restate(invoice: CryptoInvoice, manager: EntityManager): Promise<void> {
    const { paymentId, creditedMicro, quotedMicro, isExpired } = invoice;
    const unpaid = isExpired ? 'expired' : 'pending';
    const status = creditedMicro > 0 ? 'partially_paid' : unpaid;
    const reopened: Partial<Payment> = creditedMicro >= quotedMicro ? {} : { status, completedAt: null };
    const changes = { ...reopened, detail: 'deposit_reversed' };
    await this.payments.change(paymentId, ['completed', 'partially_paid'], changes, manager);
  }
}
