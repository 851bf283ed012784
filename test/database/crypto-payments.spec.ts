import { env } from 'node:process';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newXpub } from '../support/crypto-settings.js';
import { onEachDatabase } from '../support/databases.js';
import { TestChain } from '../support/test-chain.js';
import { expectLedgerToBeChain } from './crypto-books.js';
import { CRYPTO_SCHEMA, CryptoHarness, DOLLAR, type Invoice } from './crypto-fixture.js';

const CONFIRMATIONS = 3;
const HOUR_S = 3600;
/** Invoices paid in one block; CRYPTO_CROWD makes it more. */
const CROWD = Number(env.CRYPTO_CROWD ?? 60);

type Hex = `0x${string}`;

let chain: TestChain;
let usdc: Hex;
let weth: Hex;
let forged: Hex;

beforeAll(async () => {
  chain = await TestChain.start();
  usdc = await chain.createToken('USDC', 6);
  weth = await chain.createToken('WETH', 18);
  forged = await chain.createToken('USDC', 6);
});
afterAll(() => chain.stop());

const network = (changes: object = {}): object => ({
  name: 'testnet',
  chain_id: chain.chainId,
  rpc_urls: [chain.url, chain.url],
  confirmations: CONFIRMATIONS,
  tokens: [
    { address: usdc, symbol: 'USDC', decimals: 6, kind: 'stablecoin' },
    { address: weth, symbol: 'WETH', decimals: 18, kind: 'token', price_usd: '2500.00' },
  ],
  ...changes,
});

onEachDatabase('deposits of tokens', CRYPTO_SCHEMA, (open) => {
  let crypto: CryptoHarness;

  beforeEach(async () => {
    const { at: now } = await chain.head();
    crypto = await CryptoHarness.start(await open(), { networks: [network()], now });
  });

  const pay = async (invoice: Invoice, units: bigint, token = usdc): Promise<void> => {
    await chain.transfer(token, invoice.address, units);
    await chain.mine();
  };

  const settle = async (): Promise<void> => {
    await chain.mine(CONFIRMATIONS);
    await crypto.watch();
  };

  it('are credited when they are deep enough, and exactly as asked for', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 50_000_000n);
    await chain.mine(CONFIRMATIONS - 2);
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'pending', creditedMicro: 0 });
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'confirming', units: '50000000' }]);
    await chain.mine();
    await crypto.watch();
    const paid = { status: 'completed', detail: null, creditedMicro: 50 * DOLLAR, sealedNextAction: null };
    expect(await crypto.payment(invoice)).toMatchObject(paid);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that are too small leave the payment open for the rest', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 20_000_000n);
    await settle();
    const partial = { status: 'partially_paid', creditedMicro: 20 * DOLLAR, completedAt: null };
    expect(await crypto.payment(invoice)).toMatchObject(partial);
    await expectLedgerToBeChain(crypto, chain);
    await pay(invoice, 30_000_000n);
    await settle();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that are too large are credited whole', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 75_500_000n);
    await settle();
    const overpaid = { status: 'completed', detail: 'overpaid', creditedMicro: 75.5 * DOLLAR };
    expect(await crypto.payment(invoice)).toMatchObject(overpaid);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('may be two in one block', async () => {
    const invoice = await crypto.invoice(50);
    await chain.transfer(usdc, invoice.address, 25_000_000n);
    await pay(invoice, 25_000_000n);
    await settle();
    expect(await crypto.deposits(invoice)).toHaveLength(2);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('may be two in one transaction', async () => {
    const invoice = await crypto.invoice(50);
    await chain.transferToAll(usdc, [invoice.address, invoice.address], 25_000_000n);
    await settle();
    expect((await crypto.deposits(invoice)).map(({ position }) => position).sort()).toEqual([0, 1]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that come late are credited after the payment has expired', async () => {
    const invoice = await crypto.invoice(50);
    await chain.advance(2 * HOUR_S);
    await settle();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'expired', sealedNextAction: null });
    await pay(invoice, 50_000_000n);
    await settle();
    const late = { status: 'completed', detail: 'paid_late', creditedMicro: 50 * DOLLAR };
    expect(await crypto.payment(invoice)).toMatchObject(late);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('made in time are not late because they are read late', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 50_000_000n);
    await chain.advance(2 * HOUR_S);
    await settle();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', detail: null });
  });

  it('of dust are written down and not credited', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 499_999n);
    await settle();
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'dust', creditedMicro: 0 }]);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'pending', creditedMicro: 0 });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('of nothing, of another token of the same name, and those that fail are none', async () => {
    const invoice = await crypto.invoice(50);
    await chain.transfer(usdc, invoice.address, 0n);
    await chain.transfer(forged, invoice.address, 50_000_000n);
    const failed = await chain.transfer(usdc, invoice.address, 10n ** 30n);
    await settle();
    expect(await chain.client.getTransactionReceipt(failed)).toMatchObject({ status: 'reverted' });
    expect(await crypto.deposits(invoice)).toEqual([]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('of another token than was asked for are credited at its price', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 10n ** 16n, weth);
    await settle();
    expect(await crypto.payment(invoice)).toMatchObject({
      status: 'partially_paid',
      creditedMicro: 25 * DOLLAR,
    });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('keep the price of their invoice', async () => {
    const invoice = await crypto.invoice(50, { asset: 'weth', network: 'testnet' });
    expect(invoice.amount).toBe('20000000000000000');
    const [usdcAsset, wethAsset] = [
      { address: usdc, symbol: 'USDC', decimals: 6, kind: 'stablecoin' },
      { address: weth, symbol: 'WETH', decimals: 18, kind: 'token', price_usd: '5000.00' },
    ];
    const later = await crypto.again({ networks: [network({ tokens: [usdcAsset, wethAsset] })] });
    await pay(invoice, 20_000_000_000_000_000n, weth);
    await chain.mine(CONFIRMATIONS);
    await later.watch();
    expect(await later.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(later, chain);
  });

  it('are credited with what arrived when the token keeps a fee', async () => {
    const invoice = await crypto.invoice(50);
    await chain.callToken(usdc, 'setFee', [100]);
    await pay(invoice, 50_000_000n);
    await chain.callToken(usdc, 'setFee', [0]);
    await settle();
    expect(await crypto.payment(invoice)).toMatchObject({
      status: 'partially_paid',
      creditedMicro: 49.5 * DOLLAR,
    });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that a log only pretends are never credited', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 20_000_000n);
    await settle();
    await chain.callToken(usdc, 'pretend', [invoice.address, 15_000_000n]);
    await settle();
    await settle();
    expect(await crypto.payment(invoice)).toMatchObject({ creditedMicro: 20 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it(`for ${CROWD} invoices in one block are all found`, async () => {
    const invoices: Invoice[] = [];
    for (let index = 0; index < CROWD; index++) invoices.push(await crypto.invoice(1));
    const addresses = invoices.map(({ address }) => address);
    expect(new Set(addresses).size).toBe(CROWD);
    await chain.transferToAll(usdc, addresses, 1_000_000n);
    await settle();
    const payments = await Promise.all(invoices.map((invoice) => crypto.payment(invoice)));
    expect(payments.filter(({ status }) => status === 'completed')).toHaveLength(CROWD);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('are announced once they are committed', async () => {
    const invoice = await crypto.invoice(50);
    crypto.events.length = 0;
    await pay(invoice, 50_000_000n);
    await settle();
    await settle();
    expect(crypto.events).toMatchObject([
      {
        name: 'payment.updated',
        userId: invoice.userId,
        data: { id: invoice.paymentId, status: 'completed' },
      },
    ]);
  });

  it('are not read again once they are settled', async () => {
    const invoice = await crypto.invoice(50);
    await pay(invoice, 50_000_000n);
    await settle();
    const later = await crypto.again();
    await later.watch();
    await later.watch();
    expect(await later.deposits(invoice)).toHaveLength(1);
    await expectLedgerToBeChain(later, chain);
  });
});

onEachDatabase('deposits on another chain', CRYPTO_SCHEMA, (open) => {
  it('are none, though the address is the same there', async () => {
    const other = await TestChain.start({ chainId: 31338 });
    try {
      const token = await other.createToken('USDC', 6);
      const tokens = [{ address: token, symbol: 'USDC', decimals: 6, kind: 'stablecoin' }];
      const second = network({ name: 'other', chain_id: 31338, rpc_urls: [other.url], tokens });
      const crypto = await CryptoHarness.start(await open(), { networks: [network(), second] });
      const invoice = await crypto.invoice(50, { network: 'testnet' });
      await crypto.invoice(50, { network: 'other' });
      await other.transfer(token, invoice.address, 50_000_000n);
      await other.mine(CONFIRMATIONS);
      await crypto.watch();
      expect(await crypto.deposits(invoice)).toEqual([]);
      await expectLedgerToBeChain(crypto, chain);
    } finally {
      await other.stop();
    }
  });
});

onEachDatabase('addresses', CRYPTO_SCHEMA, (open) => {
  it('are given out once, and go on from another key when it is changed', async () => {
    const database = await open();
    const crypto = await CryptoHarness.start(database, { networks: [network()] });
    const twin = await crypto.again();
    const invoices = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? crypto : twin).invoice(1)),
    );
    const other = await crypto.again({ xpub: newXpub() });
    invoices.push(await other.invoice(1));
    expect(new Set(invoices.map(({ address }) => address)).size).toBe(11);
  });
});
