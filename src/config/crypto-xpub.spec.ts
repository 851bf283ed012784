import { HDKey } from '@scure/bip32';
import { describe, expect, it } from 'vitest';
import { problemOfXpub } from './crypto-xpub.js';

const root = HDKey.fromMasterSeed(new Uint8Array(32).fill(7));
const receiving = root.derive("m/44'/60'/0'/0");

describe('problemOfXpub', () => {
  it('takes the extended public key of the receiving addresses', () => {
    expect(problemOfXpub(receiving.publicExtendedKey)).toBeUndefined();
    expect(problemOfXpub(`  ${receiving.publicExtendedKey}\n`)).toBeUndefined();
  });

  it.each([
    ['an extended private key', receiving.privateExtendedKey],
    ['a private key', 'ab'.repeat(32)],
    ['a private key with 0x', `0x${'ab'.repeat(32)}`],
    ['a mnemonic', 'legal winner thank year wave sausage worth useful legal winner thank yellow'],
  ])('refuses %s without repeating it', (_, text) => {
    expect(problemOfXpub(text)).toMatch(/can spend/);
    expect(problemOfXpub(text)).not.toContain(text.slice(0, 8));
  });

  it('refuses keys of another depth, whose addresses a wallet would not show', () => {
    expect(problemOfXpub(root.derive("m/44'/60'/0'").publicExtendedKey)).toMatch(/depth 3/);
    expect(problemOfXpub(root.publicExtendedKey)).toMatch(/depth 0/);
  });

  it('refuses a key with a wrong letter', () => {
    const text = receiving.publicExtendedKey;
    const other = text.endsWith('a') ? 'b' : 'a';
    expect(problemOfXpub(`${text.slice(0, -1)}${other}`)).toMatch(/not an extended public key/);
  });
});
