import { Payment } from './payments/payment.entity.js';

/** The tables of this module. */
export const BILLING_ENTITIES = [Payment];
