import type { Provider, Type } from '@nestjs/common';
import { AfterDarkCallbacks } from './afterdark/afterdark.callbacks.js';
import { AfterDarkClient } from './afterdark/afterdark.client.js';
import { AfterDarkProcessor } from './afterdark/afterdark.processor.js';
import { CRYPTO_PROVIDERS } from './crypto/crypto.providers.js';
import { CryptoProcessor } from './crypto/crypto.processor.js';
import type { PaymentProcessor } from './payment-processor.js';
import { STRIPE_PROVIDERS } from './stripe/stripe.providers.js';
import { StripeProcessor } from './stripe/stripe.processor.js';

/** Every way to pay. A new one is a folder beside these and a line here. */
export const PAYMENT_PROCESSOR_CLASSES: readonly Type<PaymentProcessor>[] = [
  StripeProcessor,
  CryptoProcessor,
  AfterDarkProcessor,
];

/** The parts that they are made of. */
export const PAYMENT_PROCESSOR_PARTS: readonly Provider[] = [
  ...STRIPE_PROVIDERS,
  ...CRYPTO_PROVIDERS,
  AfterDarkCallbacks,
  AfterDarkClient,
];
