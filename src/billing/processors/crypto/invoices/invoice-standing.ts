import type { CryptoInvoice } from './crypto-invoice.entity.js';
import { microForUnits } from './quote.js';

/** Whether what was credited for an invoice covers it, and what is remarkable about that. */
export function standingOf(invoice: CryptoInvoice): {
  status: 'partially_paid' | 'completed';
  detail?: 'paid_late' | 'overpaid';
} {
  const status = invoice.creditedMicro >= invoice.quotedMicro ? 'completed' : 'partially_paid';
  if (invoice.isPaidLate) return { status, detail: 'paid_late' };
  const askedMicro = microForUnits(BigInt(invoice.quotedUnits), invoice);
  return invoice.creditedMicro > askedMicro ? { status, detail: 'overpaid' } : { status };
}
