import type { ClearingAccount } from '../../credits/ledger/transfer-codes.js';
import type { PaymentProviderName } from './payment.entity.js';

/** Where a processor's money is; deposits on chains have accounts of their own. */
export function clearingOf({ provider }: { provider: PaymentProviderName }): ClearingAccount {
  return `clearing:${provider}`;
}
