import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { TestChain, type Sent } from '../support/test-chain.js';
import { expectLedgerToBeChain } from './crypto-books.js';
import { CRYPTO_SCHEMA, CryptoHarness, DOLLAR, type Invoice } from './crypto-fixture.js';

const CONFIRMATIONS = 4;
/** The cursor goes back so many blocks. */
const REWIND = 64;

let chain: TestChain;
let usdc: `0x${string}`;

beforeAll(async () => {
  chain = await TestChain.start();
  usdc = await chain.createToken('USDC', 6);
});
afterAll(() => chain.stop());

onEachDatabase('a reorganisation of the chain', CRYPTO_SCHEMA, (open) => {
  let crypto: CryptoHarness;
  let invoice: Invoice;

  beforeEach(async () => {
    const tokens = [{ address: usdc, symbol: 'USDC', decimals: 6, kind: 'stablecoin' }];
    const { url, chainId } = chain;
    const network = {
      name: 'testnet',
      chain_id: chainId,
      rpc_urls: [url],
      confirmations: CONFIRMATIONS,
      tokens,
    };
    crypto = await CryptoHarness.start(await open(), { networks: [network] });
    invoice = await crypto.invoice(50);
  });

  const pay = (): Promise<Sent> => chain.transfer(usdc, invoice.address, 50_000_000n);

  const round = async (blocks = 1): Promise<void> => {
    await chain.mine(blocks);
    await crypto.watch();
  };

  const state = async (): Promise<(string | number)[]> =>
    (await crypto.deposits(invoice)).flatMap(({ state, blockNumber }) => [state, blockNumber]);

  const alerts = (): unknown[] =>
    crypto.events.filter(({ name }) => name === 'payment.alert').map(({ data }) => data);

  it('that drops a deposit before it is deep enough means no credits', async () => {
    await pay();
    await round(2);
    await chain.reorganise(2);
    await round(CONFIRMATIONS + 1);
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'missing', creditedMicro: 0 }]);
    await round(REWIND + 1);
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'dropped' }]);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'pending', creditedMicro: 0 });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that moves a deposit to another block makes it wait from there', async () => {
    const { raw } = await pay();
    await round(3);
    const [, before] = await state();
    await chain.reorganise(3, [[raw, 2]]);
    await round(2);
    expect(await state()).toEqual(['confirming', Number(before) + 2]);
    await round(CONFIRMATIONS);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('in which a deposit comes back after it was missed credits it once', async () => {
    const { raw } = await pay();
    await round(2);
    await chain.reorganise(2);
    await round(CONFIRMATIONS + 1);
    expect((await state())[0]).toBe('missing');
    await chain.client.sendRawTransaction({ serializedTransaction: raw });
    await round(CONFIRMATIONS);
    await round();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('by which the payer spends the money twice means no credits', async () => {
    const { nonce } = await pay();
    await round(2);
    const elsewhere = await chain.sign({ to: chain.client.account.address, value: 1n, nonce });
    await chain.reorganise(2, [[elsewhere.raw, 0]]);
    await round(CONFIRMATIONS + 1);
    await round(REWIND + 1);
    expect((await state())[0]).toBe('dropped');
    expect(await crypto.credits(invoice)).toBe(0);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that takes a credited deposit away takes the credits back and tells a person', async () => {
    await pay();
    await round(CONFIRMATIONS);
    expect(await crypto.credits(invoice)).toBe(50);
    const { userId } = invoice;
    const { id } = await crypto.ledger.hold({
      userId,
      amountMicro: 30 * DOLLAR,
      purpose: 'rental',
      reference: 'test',
      idempotencyKey: 'test',
    });
    await crypto.ledger.settle(id, 30 * DOLLAR, { code: 'gpu_usage' });
    await chain.reorganise(CONFIRMATIONS);
    await round();
    expect(await crypto.credits(invoice)).toBe(20);
    await round(CONFIRMATIONS);
    expect(await crypto.credits(invoice)).toBe(-30);
    expect(await crypto.ledger.balanceOf(userId)).toMatchObject({
      forcedDebtMicro: 30 * DOLLAR,
      isFrozen: true,
    });
    expect((await state())[0]).toBe('reversed');
    const reversed = { status: 'pending', detail: 'deposit_reversed', creditedMicro: 0, completedAt: null };
    expect(await crypto.payment(invoice)).toMatchObject(reversed);
    expect(alerts()).toMatchObject([{ alert: 'deposit_reversed', payment: invoice.paymentId }]);
  });

  it('that only moves a credited deposit changes nothing', async () => {
    const { raw } = await pay();
    await round(CONFIRMATIONS);
    const [, before] = await state();
    await chain.reorganise(CONFIRMATIONS, [[raw, CONFIRMATIONS - 1]]);
    for (let count = 0; count < 3; count++) await round(CONFIRMATIONS);
    expect(alerts()).toEqual([]);
    expect(await state()).toEqual(['credited', Number(before) + CONFIRMATIONS - 1]);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that takes a credited deposit away for some blocks changes nothing', async () => {
    const { raw } = await pay();
    await round(CONFIRMATIONS);
    await chain.reorganise(CONFIRMATIONS);
    for (let block = 1; block < CONFIRMATIONS; block++) await round();
    expect(await crypto.deposits(invoice)).toMatchObject([
      { missingSinceBlock: expect.any(Number) as number },
    ]);
    await chain.client.sendRawTransaction({ serializedTransaction: raw });
    for (let count = 0; count < 3; count++) await round(CONFIRMATIONS);
    expect(alerts()).toEqual([]);
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'credited', missingSinceBlock: null }]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('after which a deposit that was taken back is there again credits it again', async () => {
    const { raw } = await pay();
    await round(CONFIRMATIONS);
    await chain.reorganise(CONFIRMATIONS);
    await round();
    await round(CONFIRMATIONS);
    expect((await state())[0]).toBe('reversed');
    await expectLedgerToBeChain(crypto, chain);
    await chain.client.sendRawTransaction({ serializedTransaction: raw });
    await round(CONFIRMATIONS);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that brings a deposit below the cursor is noticed', async () => {
    const { raw } = await chain.signTransfer(usdc, invoice.address, 50_000_000n);
    await round(CONFIRMATIONS + 6);
    await chain.reorganise(CONFIRMATIONS + 6, [[raw, 0]]);
    await round();
    await round();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', creditedMicro: 50 * DOLLAR });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('is no longer expected of final blocks', async () => {
    await pay();
    await round(CONFIRMATIONS);
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'credited', isFinal: false }]);
    await round(100);
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'credited', isFinal: true }]);
  });
});
