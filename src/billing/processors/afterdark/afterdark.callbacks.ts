import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { AppConfig } from '../../../config/config.js';
import { PaymentAlerts } from '../../payments/payment-alerts.js';
import type { CallbackNews, CallbackReader, StoredCallback, VerifiedCallback } from '../callback-reader.js';
import { isSignedText } from '../signed-text.js';
import { outcomeOf } from './afterdark.mapping.js';
import { readTransaction } from './afterdark.wire.js';

const SIGNATURE_HEADER = 'x-afterdark-signature';

/** AfterDark's call-backs: {transaction_id, reference, status, amount, currency}, signed over the text. */
@Injectable()
export class AfterDarkCallbacks implements CallbackReader {
  private readonly secrets: readonly string[];

  constructor(
    { payments }: AppConfig,
    private readonly alerts: PaymentAlerts,
    private readonly clock: Clock,
  ) {
    this.secrets = payments.afterDark.webhookSecrets;
  }

  verify(rawBody: string, headers: IncomingHttpHeaders): VerifiedCallback | undefined {
    const signature = headers[SIGNATURE_HEADER];
    if (typeof signature !== 'string') return undefined;
    if (!isSignedText(rawBody, signature, this.secrets, this.clock.now())) return undefined;
    const transaction = readTransaction(rawBody);
    if (!transaction?.reference || !transaction.status) return undefined;
    // The same news delivered again has another time in its signature and the same text.
    const eventId = createHash('sha256').update(rawBody).digest('hex');
    const { transactionId, reference, status, amountMicro = null, currency = null } = transaction;
    const amount = Number.isNaN(amountMicro) ? null : amountMicro;
    return { eventId, type: status.slice(0, 64), data: { transactionId, reference, amount, currency } };
  }

  read({ type: status, data }: StoredCallback): Promise<readonly CallbackNews[]> {
    const { transactionId, reference, amount, currency } = data;
    const [externalId, paymentId] = [String(transactionId), String(reference)];
    const outcome = outcomeOf(
      { id: paymentId },
      {
        transactionId: externalId,
        reference: paymentId,
        status,
        amountMicro: typeof amount === 'number' ? amount : undefined,
        currency: typeof currency === 'string' ? currency : undefined,
      },
    );
    if (outcome.state === 'pending' && outcome.detail === 'unknown_provider_status')
      this.alerts.raise('unknown_provider_status', { payment: paymentId, provider: 'afterdark', externalId });
    return Promise.resolve([{ kind: 'payment', paymentId, externalId, outcome }]);
  }
}
