import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../../config/config.js';
import { amountTooSmall, noSavedMethod, returnUrlRequired } from '../../billing.errors.js';
import { PaymentMethods } from '../../methods/payment-methods.service.js';
import { microFromCents } from '../../payments/amount.js';
import type { PaymentPlan, PaymentRequest } from '../payment-processor.js';
import { packInstructions, type StripeInstructions } from './stripe-instructions.js';

/** Stripe's least charge in USD. */
const LEAST_CENTS = 50;

/** Looks at a request for a payment through Stripe before anything exists. */
@Injectable()
export class StripePlanner {
  constructor(
    private readonly methods: PaymentMethods,
    private readonly config: AppConfig,
  ) {}

  /** @throws DomainError 422 for an amount below the least, a missing saved method, a hosted page without return address */
  async plan(request: PaymentRequest): Promise<PaymentPlan> {
    if (request.amountMicro < microFromCents(LEAST_CENTS)) throw amountTooSmall('0.50');
    const instructions = { ...(await this.sourceOf(request)), isOffSession: request.isOffSession };
    const method = instructions.source === 'checkout' ? 'checkout' : 'card';
    return { method, instructions: packInstructions(instructions), warnings: [] };
  }

  private async sourceOf(request: PaymentRequest): Promise<Omit<StripeInstructions, 'isOffSession'>> {
    const { preference, isSaved, returnUrl, userId } = request;
    const common = { isSaved, isCustomers: isSaved, returnUrl };
    if (preference?.kind !== 'card') return { ...common, source: 'none' };
    switch (preference.source) {
      case 'token':
        return { ...common, ...sourceOfToken(preference.token) };
      case 'saved': {
        const saved = await this.methods.find(userId, 'stripe', request.savedMethodId);
        if (!saved) throw noSavedMethod();
        return { ...common, source: 'method', token: saved.externalId, isCustomers: true };
      }
      case 'checkout':
        return { ...common, source: 'checkout', returnUrl: this.requireReturnUrl(returnUrl) };
    }
  }

  private requireReturnUrl(returnUrl: string | undefined): string {
    const url = returnUrl ?? this.config.server.publicUrl;
    if (url === undefined) throw returnUrlRequired();
    return url;
  }
}

function sourceOfToken(token: string): Pick<StripeInstructions, 'source' | 'token'> {
  return { source: token.startsWith('tok_') ? 'card_token' : 'method', token };
}
