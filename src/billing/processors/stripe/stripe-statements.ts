import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { microFromCents } from '../../payments/amount.js';
import type { Movement, StatementCapability } from '../payment-processor.js';
import { StripeClient } from './stripe.client.js';

type Source = Stripe.BalanceTransaction['source'];

const PAGE = 100;

/** Stripe's balance: what every charge, refund and dispute has moved. Fees and payouts are the operator's own. */
@Injectable()
export class StripeStatements implements StatementCapability {
  constructor(private readonly client: StripeClient) {}

  async movements(fromMs: number, toMs: number): Promise<readonly Movement[]> {
    const created = { gte: Math.floor(fromMs / 1000), lt: Math.floor(toMs / 1000) };
    const listed = this.client.api.balanceTransactions.list({
      created,
      limit: PAGE,
      expand: ['data.source'],
    });
    const movements: Movement[] = [];
    for await (const { amount, source } of listed) {
      const what = this.read(source);
      if (what) movements.push({ ...what, amountMicro: microFromCents(amount) });
    }
    return movements;
  }

  private read(source: Source): Omit<Movement, 'amountMicro'> | undefined {
    if (source === null || typeof source === 'string') return undefined;
    switch (source.object) {
      case 'charge': {
        const { payment_intent: intent, id } = source;
        const externalId = (typeof intent === 'string' ? intent : intent?.id) ?? id;
        return this.isElsewhere(source) ? undefined : { kind: 'payment', externalId };
      }
      case 'refund':
        return { kind: 'refund', externalId: source.id };
      case 'dispute':
        return { kind: 'dispute', externalId: source.id };
      default:
        return undefined;
    }
  }

  private isElsewhere({ metadata }: { metadata: Stripe.Metadata }): boolean {
    return metadata.env !== undefined && metadata.env !== this.client.environment;
  }
}
