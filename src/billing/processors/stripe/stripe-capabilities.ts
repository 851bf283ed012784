import { Injectable } from '@nestjs/common';
import { StripeCallbacks } from './stripe.callbacks.js';
import { StripeMethods } from './stripe-methods.js';
import { StripeRefunds } from './stripe-refunds.js';
import { StripeStatements } from './stripe-statements.js';

/** What Stripe can do beyond taking payments. */
@Injectable()
export class StripeCapabilities {
  constructor(
    readonly callbacks: StripeCallbacks,
    readonly methods: StripeMethods,
    readonly refunds: StripeRefunds,
    readonly statements: StripeStatements,
  ) {}
}
