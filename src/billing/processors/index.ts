import type { Type } from '@nestjs/common';
import type { PaymentProcessor } from './payment-processor.js';

/** Every way to pay. A new one is a folder beside these and a line here. */
export const PAYMENT_PROCESSOR_CLASSES: readonly Type<PaymentProcessor>[] = [];
