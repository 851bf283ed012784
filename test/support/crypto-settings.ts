import { HDKey } from '@scure/bip32';
import { randomBytes } from 'node:crypto';
import type { TestChain } from './test-chain.js';

/** A public key whose addresses nobody else uses. */
export function newXpub(): string {
  return HDKey.fromMasterSeed(randomBytes(32)).derive("m/44'/60'/0'/0").publicExtendedKey;
}

/** The variables of a daemon that takes a test chain's token, two blocks deep. */
export function chainSettings(chain: TestChain, endpoint: string, token: string): Record<string, string> {
  const tokens = [{ address: token, symbol: 'USDC', decimals: 6, kind: 'stablecoin' }];
  const network = {
    name: 'ethereum',
    chain_id: chain.chainId,
    rpc_urls: [endpoint],
    confirmations: 2,
    tokens,
  };
  return {
    CRYPTO_ENABLED: 'true',
    CRYPTO_NETWORKS: JSON.stringify([network]),
    CRYPTO_XPUB: newXpub(),
    CRYPTO_POLL_INTERVAL: '200ms',
  };
}
