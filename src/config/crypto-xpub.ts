import { HDKey } from '@scure/bip32';

/** Depth of `m/44'/60'/0'/0`: its children 0, 1, 2… are the addresses that every Ethereum wallet shows. */
const RECEIVING_DEPTH = 4;

const MNEMONIC = /^(?:[a-z]+\s+){11,}[a-z]+$/i;
const RAW_KEY = /^(?:0x)?[\da-f]{64}$/i;

/**
 * What is wrong with CRYPTO_XPUB, never repeating it; undefined when it is fine. Anything that could spend is refused:
 * this host must only be able to tell addresses, and with one child's private key an extended *public* key gives away
 * all others, so sweeping is done elsewhere too.
 */
export function problemOfXpub(text: string): string | undefined {
  const value = text.trim();
  if (/^[a-z]prv/i.test(value) || MNEMONIC.test(value) || RAW_KEY.test(value))
    return "is a private key or a mnemonic, which can spend; give the extended public key of m/44'/60'/0'/0";
  const key = parseKey(value);
  if (!key) return 'is not an extended public key (xpub…)';
  if (key.privateKey) return 'is a private key';
  if (key.depth !== RECEIVING_DEPTH)
    return `has depth ${key.depth}; export the key of m/44'/60'/0'/0 (depth 4)`;
  return undefined;
}

function parseKey(text: string): HDKey | undefined {
  try {
    return HDKey.fromExtendedKey(text);
  } catch {
    return undefined;
  }
}
