import { Injectable } from '@nestjs/common';
import { PaymentAlerts } from '../../../payments/payment-alerts.js';
import { PaymentEvents } from '../../../payments/payment-events.js';
import { PaymentRepository } from '../../../payments/payment.repository.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';

/** Tells others what is committed. */
@Injectable()
export class DepositAnnouncer {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly events: PaymentEvents,
    private readonly alerts: PaymentAlerts,
  ) {}

  async changed(paymentId: string): Promise<void> {
    this.events.updated(await this.payments.get(paymentId));
  }

  async reversed(paymentId: string, deposit: CryptoDeposit): Promise<void> {
    const { id, chainId, txHash, creditedMicro: amountMicro } = deposit;
    this.alerts.raise('deposit_reversed', { payment: paymentId, deposit: id, chainId, txHash, amountMicro });
    await this.changed(paymentId);
  }
}
