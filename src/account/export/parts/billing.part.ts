import { Injectable } from '@nestjs/common';
import { PaymentMethodView } from '../../../billing/methods/payment-method.view.js';
import { PaymentMethods } from '../../../billing/methods/payment-methods.service.js';
import { TransactionView } from '../../../billing/payments/payment.view.js';
import { PaymentsService } from '../../../billing/payments/payments.service.js';
import { allPages, type ExportPart, type ExportSection } from '../export-part.js';

const PAGE = 100;

/** What the user has paid, and with what. */
@Injectable()
export class BillingPart implements ExportPart {
  constructor(
    private readonly payments: PaymentsService,
    private readonly methods: PaymentMethods,
  ) {}

  sections(): ExportSection[] {
    return [
      { name: 'payments', rows: (userId) => this.transactions(userId) },
      { name: 'payment_methods', rows: (userId) => this.saved(userId) },
    ];
  }

  private async *transactions(userId: string): AsyncGenerator<TransactionView> {
    const read = (cursor?: string) => this.payments.listOwn(userId, { limit: PAGE, cursor });
    for await (const payment of allPages(read)) yield TransactionView.from(payment);
  }

  private async *saved(userId: string): AsyncGenerator<PaymentMethodView> {
    const [latest, ...others] = await this.methods.listOf(userId);
    if (latest) yield PaymentMethodView.from(latest, true);
    for (const method of others) yield PaymentMethodView.from(method, false);
  }
}
