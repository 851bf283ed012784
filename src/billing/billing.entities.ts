import { PaymentDispute } from './disputes/dispute.entity.js';
import { PaymentCustomer } from './methods/payment-customer.entity.js';
import { PaymentMethod } from './methods/payment-method.entity.js';
import { Payment } from './payments/payment.entity.js';
import { PaymentRefund } from './refunds/refund.entity.js';
import { PaymentRenewal } from './renewals/renewal.entity.js';
import { PaymentCallback } from './webhooks/callback.entity.js';

/** The tables of this module, those of single processors aside. */
export const BILLING_ENTITIES = [
  Payment,
  PaymentCallback,
  PaymentRefund,
  PaymentDispute,
  PaymentCustomer,
  PaymentMethod,
  PaymentRenewal,
];
