import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { startJsonRpcProxy, type JsonRpcProxy } from '../support/json-rpc-proxy.js';
import { TestChain } from '../support/test-chain.js';
import { expectLedgerToBeChain } from './crypto-books.js';
import { CRYPTO_SCHEMA, CryptoHarness, DOLLAR, type Invoice } from './crypto-fixture.js';

const CONFIRMATIONS = 3;
/** What 50 dollars are at 2,500 dollars a coin. */
const FIFTY = 20_000_000_000_000_000n;

let chain: TestChain;
let forwarder: `0x${string}`;
let witness: JsonRpcProxy;

beforeAll(async () => {
  chain = await TestChain.start();
  forwarder = await chain.createForwarder();
  witness = await startJsonRpcProxy(chain.url);
});
afterAll(async () => {
  await witness.close();
  await chain.stop();
});

onEachDatabase('deposits of coins', CRYPTO_SCHEMA, (open) => {
  let crypto: CryptoHarness;
  let invoice: Invoice;

  beforeEach(async () => {
    const tokens = [{ symbol: 'ETH', decimals: 18, kind: 'native', price_usd: 2500 }];
    const { url, chainId } = chain;
    const network = {
      name: 'testnet',
      chain_id: chainId,
      rpc_urls: [url, witness.url],
      confirmations: CONFIRMATIONS,
      tokens,
    };
    crypto = await CryptoHarness.start(await open(), { networks: [network] });
    invoice = await crypto.invoice(50);
  });

  const settle = async (): Promise<void> => {
    await chain.mine(CONFIRMATIONS);
    await crypto.watch();
  };

  it('are asked for by the price, and credited', async () => {
    expect(invoice.amount).toBe(String(FIFTY));
    await chain.sendCoins(invoice.address, FIFTY);
    await chain.mine(CONFIRMATIONS - 1);
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'pending', creditedMicro: 0 });
    await chain.mine();
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('are seen when a contract passes them on, which no list of transactions shows', async () => {
    await chain.forwardCoins(forwarder, invoice.address, FIFTY);
    await settle();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('add up over time, each credited once', async () => {
    for (const part of [FIFTY / 4n, FIFTY / 4n, FIFTY]) {
      await chain.sendCoins(invoice.address, part);
      await settle();
      await crypto.watch();
    }
    const overpaid = { status: 'completed', detail: 'overpaid', creditedMicro: 75 * DOLLAR };
    expect(await crypto.payment(invoice)).toMatchObject(overpaid);
    expect(await crypto.deposits(invoice)).toHaveLength(3);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('of dust are not credited, and not found twice', async () => {
    await chain.sendCoins(invoice.address, FIFTY / 1000n);
    await settle();
    await settle();
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'dust' }]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('are told from what the owner of the address has sent away', async () => {
    await chain.sendCoins(invoice.address, FIFTY);
    await settle();
    const address = invoice.address as `0x${string}`;
    await chain.mine(7);
    await chain.sweep(address);
    await chain.mine(5);
    await chain.sendCoins(address, FIFTY / 2n);
    await settle();
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ creditedMicro: 75 * DOLLAR });
    expect(await crypto.credits(invoice)).toBe(75);
    expect(await crypto.deposits(invoice)).toHaveLength(2);
  });

  it('worth more than 1,000 dollars need a second endpoint that has the same balance', async () => {
    const large = await crypto.invoice(1500);
    await chain.sendCoins(large.address, BigInt(large.amount));
    witness.interfere(({ method }) => (method === 'eth_getBalance' ? { result: '0x0' } : undefined));
    await settle();
    expect(await crypto.deposits(large)).toMatchObject([{ state: 'confirming' }]);
    witness.interfere(undefined);
    await settle();
    expect(await crypto.payment(large)).toMatchObject({ status: 'completed', creditedMicro: 1500 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that vanish before they are deep enough are none', async () => {
    await chain.sendCoins(invoice.address, FIFTY);
    await chain.mine(CONFIRMATIONS - 1);
    await chain.reorganise(CONFIRMATIONS - 1);
    await settle();
    expect(await crypto.deposits(invoice)).toEqual([]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that vanish after they were credited are taken back in part', async () => {
    await chain.sendCoins(invoice.address, FIFTY);
    await settle();
    const { nonce } = await chain.sendCoins(invoice.address, FIFTY);
    await settle();
    expect(await crypto.credits(invoice)).toBe(100);
    const smaller = await chain.sign({ to: invoice.address as `0x${string}`, value: FIFTY / 2n, nonce });
    await chain.reorganise(CONFIRMATIONS, [[smaller.raw, 0]]);
    await settle();
    await settle();
    await settle();
    expect(await crypto.credits(invoice)).toBe(75);
    const reversed = crypto.events.filter(({ name }) => name === 'payment.alert');
    expect(reversed).toMatchObject([{ data: { alert: 'deposit_reversed', amountMicro: 50 * DOLLAR } }]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that are only in other blocks after a reorganisation stay credited', async () => {
    const { raw } = await chain.sendCoins(invoice.address, FIFTY);
    await settle();
    await chain.reorganise(CONFIRMATIONS, [[raw, 1]]);
    for (let round = 0; round < 4; round++) await settle();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    expect(crypto.events.filter(({ name }) => name === 'payment.alert')).toEqual([]);
    await expectLedgerToBeChain(crypto, chain);
  });
});
