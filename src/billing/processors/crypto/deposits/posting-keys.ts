import type { ClearingAccount } from '../../../../credits/ledger/transfer-codes.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';

/** The ledger's key of a deposit's credit. A deposit that came back after a reversal is another posting. */
export function creditKey({ chainId, txHash, position }: CryptoDeposit, credits: number): string {
  return `crypto:${chainId}:${txHash}:${position}${credits === 1 ? '' : `:${credits}`}`;
}

export function reversalKey(deposit: CryptoDeposit): string {
  return `${creditKey(deposit, deposit.credits)}:reversal`;
}

/** Where the money came over. */
export function clearingAccount({ chainId, asset }: CryptoDeposit): ClearingAccount {
  return `clearing:crypto:${chainId}:${asset}`;
}
