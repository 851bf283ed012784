import { Injectable } from '@nestjs/common';
import { PaymentProgress } from '../../../payments/payment-progress.js';
import { PaymentRepository } from '../../../payments/payment.repository.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from '../invoices/crypto-invoice.repository.js';
import type { ChainView } from './chain-view.js';

/** Tells payments that nobody paid in time. What arrives later is credited all the same. */
@Injectable()
export class InvoiceExpiry {
  constructor(
    private readonly invoices: CryptoInvoiceRepository,
    private readonly deposits: CryptoDepositRepository,
    private readonly payments: PaymentRepository,
    private readonly progress: PaymentProgress,
  ) {}

  /** By the time of the chain, not by ours: whatever was paid in time has been read by then. */
  async run({ settled }: ChainView, watched: readonly CryptoInvoice[]): Promise<void> {
    for (const invoice of watched) {
      if (!invoice.isExpired && settled && settled.at > invoice.expiresAt) await this.expire(invoice);
    }
  }

  private async expire({ id, paymentId }: CryptoInvoice): Promise<void> {
    const deposits = await this.deposits.ofInvoice(id);
    if (deposits.some(({ state }) => state === 'confirming' || state === 'missing')) return;
    await this.progress.record(await this.payments.get(paymentId), { state: 'expired' });
    await this.invoices.markExpired(id);
  }
}
