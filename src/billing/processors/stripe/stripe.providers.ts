import { StripeCallbacks } from './stripe.callbacks.js';
import { StripeCapabilities } from './stripe-capabilities.js';
import { StripeClient } from './stripe.client.js';
import { StripeCustomers } from './stripe-customers.js';
import { StripeIntents } from './stripe-intents.js';
import { StripeMethods } from './stripe-methods.js';
import { StripeNews } from './stripe-news.js';
import { StripePlanner } from './stripe-planner.js';
import { StripeRefunds } from './stripe-refunds.js';
import { StripeStatements } from './stripe-statements.js';

/** What StripeProcessor consists of, for the module that it belongs to. */
export const STRIPE_PROVIDERS = [
  StripeCallbacks,
  StripeCapabilities,
  StripeClient,
  StripeCustomers,
  StripeIntents,
  StripeMethods,
  StripeNews,
  StripePlanner,
  StripeRefunds,
  StripeStatements,
];
