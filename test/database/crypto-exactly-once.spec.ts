import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { DepositCreditor } from '../../src/billing/processors/crypto/deposits/deposit-creditor.js';
import { DepositRecorder } from '../../src/billing/processors/crypto/deposits/deposit-recorder.js';
import { DepositReverser } from '../../src/billing/processors/crypto/deposits/deposit-reverser.js';
import { PaymentLedger } from '../../src/billing/payments/payment-ledger.js';
import { CryptoDepositRepository } from '../../src/billing/processors/crypto/deposits/crypto-deposit.repository.js';
import { NetworkChain } from '../../src/billing/processors/crypto/chain/network-chain.js';
import { ViemChainReader } from '../../src/billing/processors/crypto/chain/viem-chain-reader.js';
import { CryptoInvoice } from '../../src/billing/processors/crypto/invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from '../../src/billing/processors/crypto/invoices/crypto-invoice.repository.js';
import { lookAtChain } from '../../src/billing/processors/crypto/watch/chain-view.js';
import { CoinScan } from '../../src/billing/processors/crypto/watch/coin-scan.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { TestChain } from '../support/test-chain.js';
import { expectLedgerToBeChain } from './crypto-books.js';
import { CRYPTO_SCHEMA, CryptoHarness, DOLLAR, type CryptoOptions, type Invoice } from './crypto-fixture.js';

const CONFIRMATIONS = 2;
const FIFTY_COINS = 20_000_000_000_000_000n;

let chain: TestChain;
let usdc: `0x${string}`;

beforeAll(async () => {
  chain = await TestChain.start();
  usdc = await chain.createToken('USDC', 6);
});
afterAll(() => chain.stop());

const dies = (): never => {
  throw new Error('killed');
};

onEachDatabase('a deposit is credited once', CRYPTO_SCHEMA, (open) => {
  let database: TestDatabase;
  let crypto: CryptoHarness;

  const tokens = (): object[] => [
    { address: usdc, symbol: 'USDC', decimals: 6, kind: 'stablecoin' },
    { symbol: 'ETH', decimals: 18, kind: 'native', price_usd: 2500 },
  ];

  beforeEach(async () => {
    database = await open();
    const { url, chainId: chain_id } = chain;
    const network = {
      name: 'testnet',
      chain_id,
      rpc_urls: [url],
      confirmations: CONFIRMATIONS,
      tokens: tokens(),
    };
    crypto = await CryptoHarness.start(database, { networks: [network] });
  });

  const pay = async (): Promise<[Invoice, Invoice]> => {
    const invoices: [Invoice, Invoice] = [
      await crypto.invoice(50),
      await crypto.invoice(50, { asset: 'ETH', network: 'testnet' }),
    ];
    await chain.transfer(usdc, invoices[0].address, 50_000_000n);
    await chain.sendCoins(invoices[1].address, FIFTY_COINS);
    await chain.mine(CONFIRMATIONS);
    return invoices;
  };

  const expectPaid = async (invoices: readonly Invoice[]): Promise<void> => {
    for (const invoice of invoices) {
      expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'credited', credits: 1 }]);
      expect(await crypto.payment(invoice)).toMatchObject({
        status: 'completed',
        creditedMicro: 50 * DOLLAR,
      });
    }
    await expectLedgerToBeChain(crypto, chain);
  };

  const failing: [string, CryptoOptions['replace']][] = [
    ['between the log and the credit', { token: DepositCreditor, value: { credit: dies } }],
    ['in the middle of the posting', { token: PaymentLedger, value: { post: dies } }],
  ];
  it.each(failing)('when the watcher is killed %s', async (_, replace) => {
    const invoices = await pay();
    const dying = await crypto.again({ replace });
    await dying.watch();
    expect(await crypto.deposits(invoices[0])).toMatchObject([{ state: 'confirming' }]);
    expect(await crypto.credits(invoices[0])).toBe(0);
    await crypto.watch();
    await expectPaid(invoices);
  });

  it('when four watchers run at once', async () => {
    const invoices = await pay();
    const watchers = [crypto, await crypto.again(), await crypto.again(), await crypto.again()];
    for (let round = 0; round < 3; round++) {
      await Promise.all(watchers.map((watcher) => watcher.watch()));
      await chain.mine();
    }
    expect(await crypto.credits(invoices[0])).toBe(50);
    await expectPaid(invoices);
  });

  it('and taken back once, when four watchers run at once and one dies', async () => {
    const [invoice] = await pay();
    await crypto.watch();
    await chain.reorganise(CONFIRMATIONS);
    const dying = await crypto.again({ replace: { token: DepositReverser, value: { reverse: dies } } });
    const watchers = [crypto, await crypto.again(), await crypto.again(), dying];
    for (let round = 0; round < 3; round++) {
      await chain.mine(CONFIRMATIONS);
      await Promise.all(watchers.map((watcher) => watcher.watch()));
    }
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'reversed' }]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('and a coin that was taken back is not brought back by a watcher that looked before', async () => {
    const [, coins] = await pay();
    await crypto.watch();
    const [stale] = await crypto.deposits(coins);
    await chain.reorganise(CONFIRMATIONS);
    for (let round = 0; round < 3; round++) {
      await chain.mine(CONFIRMATIONS);
      await crypto.watch();
    }
    const repository = new CryptoDepositRepository(database.unitOfWork, crypto.clock);
    const { blockNumber: number, units } = stale;
    const block = { number: number + 1, hash: `0x${'cd'.repeat(32)}`, at: crypto.clock.now() } as const;
    await new DepositRecorder(repository, crypto.clock).place(stale, { block, units: BigInt(units) });
    expect(await crypto.deposits(coins)).toMatchObject([{ state: 'reversed' }]);
  });

  it('when a watcher that looked before finds a coin at a later block', async () => {
    const [, coins] = await pay();
    const stale = await crypto.manager.findBy(CryptoInvoice, { paymentId: coins.paymentId });
    await crypto.watch();
    await chain.mine();
    const [network] = crypto.networks;
    const reading = new NetworkChain(network, (url) => ViemChainReader.open(url));
    const view = await lookAtChain(reading, crypto.clock, new AbortController().signal);
    const { unitOfWork } = database;
    const repository = new CryptoDepositRepository(unitOfWork, crypto.clock);
    repository.ofInvoice = () => Promise.resolve([]);
    const recorder = new DepositRecorder(repository, crypto.clock);
    await new CoinScan(unitOfWork, new CryptoInvoiceRepository(unitOfWork), repository, recorder).run(
      view,
      stale,
    );
    expect(await crypto.deposits(coins)).toHaveLength(1);
  });

  it('when a round is stopped half-way', async () => {
    const invoices = await pay();
    await crypto.watch(AbortSignal.abort());
    expect(await crypto.credits(invoices[0])).toBe(0);
    await crypto.watch();
    await expectPaid(invoices);
  });

  it('when the answer of the commit is lost', async () => {
    const invoices = await pay();
    const { run } = database.unitOfWork;
    const losing = await crypto.again();
    const lost = new Set<unknown>();
    database.unitOfWork.run = async (work) => {
      const result = await run.call(database.unitOfWork, work);
      lost.add(result);
      throw new Error('the connection broke after COMMIT');
    };
    try {
      await losing.watch();
    } finally {
      database.unitOfWork.run = run;
    }
    expect(lost.size).toBeGreaterThan(0);
    await crypto.watch();
    await expectPaid(invoices);
  });

  it('when the same log is inserted by two', async () => {
    const [invoice] = await pay();
    await crypto.watch();
    const [row] = await crypto.deposits(invoice);
    const repository = new CryptoDepositRepository(database.unitOfWork, crypto.clock);
    const claimed = await repository.claim({ ...row, id: 'another', state: 'confirming', creditedMicro: 0 });
    expect(claimed).toMatchObject({ id: row.id, state: 'credited' });
    expect(await repository.change(row.id, ['confirming'], { blockNumber: 1 })).toBe(false);
    expect(await crypto.deposits(invoice)).toEqual([row]);
  });
});
