import type { PaymentWarning } from '../../payment-processor.js';

/** Where the payer would like a refund, if what was written is an address at all. */
export interface RefundWallet {
  wallet?: string;
  warnings: readonly PaymentWarning[];
}

const IGNORED: PaymentWarning = {
  code: 'refund_wallet_ignored',
  detail: 'The wallet in X-Preferred-Payment is not a valid address (EIP-55), so it is not kept for refunds.',
};

/** A wallet in mixed case must have the checksum of EIP-55; in one case it has none to check. */
export async function readRefundWallet(text: string | undefined): Promise<RefundWallet> {
  if (text === undefined) return { warnings: [] };
  const { getAddress, isAddress } = await import('viem');
  return isAddress(text) ? { wallet: getAddress(text), warnings: [] } : { warnings: [IGNORED] };
}
