import { Injectable } from '@nestjs/common';
import type { Origin } from '../../common/origin.js';
import { IdempotencyService } from '../../database/idempotency.service.js';
import { unsupportedCurrency } from '../billing.errors.js';
import { parsePaymentPreference } from '../cards/payment-preference.js';
import { PaymentProcessors } from '../processors/payment-processors.js';
import { readAmount } from './amount.js';
import type { CreatePaymentDto } from './dto/create-payment.dto.js';
import { NextActionBox } from './next-action-box.js';
import { PaymentView } from './payment.view.js';
import { PaymentsService, type PaymentOrder } from './payments.service.js';
import { chooseProvider, requireFittingPreference } from './provider-choice.js';

export interface IncomingPayment {
  userId: string;
  body: CreatePaymentDto;
  headers: Readonly<Record<string, string | undefined>>;
  rawBody: string | undefined;
  origin?: Origin;
}

/** POST billing/payment: body and headers are read into one order, which is carried out once per Idempotency-Key. */
@Injectable()
export class PaymentRequests {
  constructor(
    private readonly processors: PaymentProcessors,
    private readonly idempotency: IdempotencyService,
    private readonly payments: PaymentsService,
    private readonly nextActions: NextActionBox,
  ) {}

  /** @throws DomainError 400, 422 and 501 for the request, and what beginning the payment throws */
  async pay(incoming: IncomingPayment): Promise<{ view: PaymentView; isReplay: boolean }> {
    const order = this.orderOf(incoming);
    const { userId, headers } = incoming;
    const key = headers['idempotency-key'];
    const input = { operation: 'billing.payment', ...order };
    const { result, replayed } = await this.idempotency.execute({ userId, key, input }, async () => {
      const { payment, warnings } = await this.payments.begin(order, incoming.origin);
      return PaymentView.from(payment, this.nextActions.open(payment), warnings);
    });
    return { view: result, isReplay: replayed };
  }

  private orderOf({ userId, body, headers, rawBody }: IncomingPayment): PaymentOrder {
    const amountMicro = readAmount(body, rawBody);
    if (body.currency !== 'USD') throw unsupportedCurrency();
    const provider = chooseProvider(body.provider, headers['x-billing']);
    this.processors.configured(provider);
    const preference = parsePaymentPreference(headers['x-preferred-payment']);
    requireFittingPreference(provider, preference);
    const key = headers['idempotency-key'];
    return {
      userId,
      provider,
      amountMicro,
      currency: body.currency,
      preference,
      asset: body.asset,
      returnUrl: body.return_url,
      isSaved: body.save ?? false,
      isOffSession: false,
      requestKey: key === undefined ? undefined : `request:${key}`,
    };
  }
}
