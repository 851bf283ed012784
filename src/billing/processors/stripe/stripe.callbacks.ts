import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import type Stripe from 'stripe';
import { Clock } from '../../../common/clock.js';
import { AppConfig } from '../../../config/config.js';
import type { CallbackNews, CallbackReader, StoredCallback, VerifiedCallback } from '../callback-reader.js';
import { StripeNews } from './stripe-news.js';
import { StripeClient } from './stripe.client.js';

const TOLERANCE_SECONDS = 300;

/** Stripe's webhooks: signed over the text, with one of several secrets while one replaces another. */
@Injectable()
export class StripeCallbacks implements CallbackReader {
  private readonly secrets: readonly string[];

  constructor(
    { payments }: AppConfig,
    private readonly client: StripeClient,
    private readonly news: StripeNews,
    private readonly clock: Clock,
  ) {
    this.secrets = payments.stripe.webhookSecrets;
  }

  verify(rawBody: string, headers: IncomingHttpHeaders): VerifiedCallback | undefined {
    const signature = headers['stripe-signature'];
    if (typeof signature !== 'string' || !this.isRecent(signature)) return undefined;
    const event = this.firstVerified(rawBody, signature);
    if (!event || event.livemode !== this.client.isLive) return undefined;
    const { object } = (event as { data?: { object?: { id?: unknown } } }).data ?? {};
    const objectId = object?.id;
    if (typeof objectId !== 'string') return undefined;
    return { eventId: event.id, type: event.type, data: { object: objectId } };
  }

  read(callback: StoredCallback): Promise<readonly CallbackNews[]> {
    return this.news.read(callback.type, String(callback.data.object));
  }

  /** The SDK refuses old signatures and lets ones from the future pass. */
  private isRecent(signature: string): boolean {
    const seconds = Number(/(?:^|,)\s*t=(\d{1,12})(?:,|$)/.exec(signature)?.[1]);
    return Math.abs(this.clock.now() / 1000 - seconds) <= TOLERANCE_SECONDS;
  }

  private firstVerified(rawBody: string, signature: string): Stripe.Event | undefined {
    const { webhooks } = this.client.api;
    for (const secret of this.secrets) {
      try {
        const now = this.clock.now();
        return webhooks.constructEvent(rawBody, signature, secret, TOLERANCE_SECONDS, undefined, now);
      } catch {
        // Not by this secret; why not is nobody's business.
      }
    }
    return undefined;
  }
}
