import type { TransferCode } from '../ledger/transfer-codes.js';

/** What the codes are called on paper. */
export const LINE_TITLES: Readonly<Record<TransferCode, string>> = {
  signup_grant: 'Sign-up credits',
  grant: 'Credits granted',
  purchase: 'Purchase',
  renewal: 'Automatic renewal',
  gpu_usage: 'GPU rental',
  request_usage: 'Requests',
  usage_refund: 'Usage given back',
  refund: 'Refund',
  refund_reversal: 'Refund reversed',
  refund_clawback: 'Refund taken back',
  chargeback: 'Chargeback',
  chargeback_reversal: 'Chargeback reversed',
  admin_correction: 'Correction',
  writeoff: 'Write-off',
};
