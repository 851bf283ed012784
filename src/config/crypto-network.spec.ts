import 'reflect-metadata';
import { describe, expect, it } from 'vitest';
import { parseCryptoNetworks } from './crypto-network.js';

const USDC = {
  address: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
  symbol: 'usdc',
  decimals: 6,
  kind: 'stablecoin',
};
const ETH = { symbol: 'ETH', decimals: 18, kind: 'native', price_usd: 2500.5 };
const MAINNET = { name: 'ethereum', chain_id: 1, rpc_urls: ['https://rpc.example/KEY'], tokens: [USDC, ETH] };

const parse = (...networks: object[]): ReturnType<typeof parseCryptoNetworks> =>
  parseCryptoNetworks(JSON.stringify(networks));

describe('parseCryptoNetworks', () => {
  it('reads networks, and waits for finality unless told otherwise', () => {
    const [network] = parse(MAINNET);
    expect(network).toMatchObject({
      name: 'ethereum',
      chainId: 1,
      isFinalityAwaited: true,
      confirmations: undefined,
      minDepositMicro: 500_000,
    });
    expect(network.assets).toEqual([
      {
        symbol: 'USDC',
        kind: 'stablecoin',
        decimals: 6,
        address: '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48',
        priceMicro: 1_000_000,
        isPaused: false,
      },
      {
        symbol: 'ETH',
        kind: 'native',
        decimals: 18,
        address: undefined,
        priceMicro: 2_500_500_000,
        isPaused: false,
      },
    ]);
  });

  it.each([
    [{ confirmations: 12 }, { confirmations: 12, isFinalityAwaited: false }],
    [{ finality: 'finalized' }, { confirmations: undefined, isFinalityAwaited: true }],
    [
      { confirmations: 12, finality: 'finalized' },
      { confirmations: 12, isFinalityAwaited: true },
    ],
  ])('reads the depth of %j', (settings, expected) => {
    expect(parse({ ...MAINNET, ...settings })[0]).toMatchObject(expected);
  });

  it.each([
    ['1.00', false],
    ['1.02', false],
    ['0.98', false],
    ['1.020001', true],
    ['0.979999', true],
  ])('pauses a stablecoin at %s dollars: %s', (price, isPaused) => {
    const [network] = parse({ ...MAINNET, tokens: [{ ...USDC, price_usd: price }] });
    expect(network.assets[0]).toMatchObject({ priceMicro: 1_000_000, isPaused });
  });

  it.each([
    ['{}', 'not a JSON array'],
    ['nonsense', 'not a JSON array'],
  ])('refuses %s', (text, message) => {
    expect(() => parseCryptoNetworks(text)).toThrow(message);
  });

  it.each([
    ['an unknown field', [{ ...MAINNET, rpc: 'https://x' }], /rpc should not exist/],
    ['safe blocks', [{ ...MAINNET, finality: 'safe' }], /finality/],
    ['no endpoint', [{ ...MAINNET, rpc_urls: [] }], /rpc_urls/],
    ['no asset', [{ ...MAINNET, tokens: [] }], /tokens/],
    ['a token without an address', [{ ...MAINNET, tokens: [{ ...USDC, address: undefined }] }], /address/],
    ['a coin with an address', [{ ...MAINNET, tokens: [{ ...ETH, address: USDC.address }] }], /address/],
    ['a coin without a price', [{ ...MAINNET, tokens: [{ ...ETH, price_usd: undefined }] }], /price_usd/],
    ['a free coin', [{ ...MAINNET, tokens: [{ ...ETH, price_usd: 0 }] }], /positive/],
    ['a price that is no number', [{ ...MAINNET, tokens: [{ ...ETH, price_usd: '1e3' }] }], /dollars/],
    ['a half address', [{ ...MAINNET, tokens: [{ ...USDC, address: '0x12' }] }], /40 hexadecimal/],
    ['the same symbol twice', [{ ...MAINNET, tokens: [ETH, { ...USDC, symbol: 'eth' }] }], /same symbol/],
    ['the same contract twice', [{ ...MAINNET, tokens: [USDC, { ...USDC, symbol: 'X' }] }], /same address/],
    ['the same name twice', [MAINNET, { ...MAINNET, chain_id: 2 }], /same name/],
    ['the same chain twice', [MAINNET, { ...MAINNET, name: 'other' }], /same chain_id/],
  ])('refuses %s', (_, networks, message) => {
    expect(() => parse(...networks)).toThrow(message);
  });

  it('never repeats an endpoint, which may hold a key', () => {
    const text = JSON.stringify([{ ...MAINNET, rpc_urls: ['ftp://rpc.example/KEY'] }]);
    expect(() => parseCryptoNetworks(text)).toThrow(/^(?!.*KEY)/);
  });
});
