import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { mnemonicToAccount } from 'viem/accounts';
import { CryptoInvoice } from '../../src/billing/processors/crypto/invoices/crypto-invoice.entity.js';
import { onEachDatabase } from '../support/databases.js';
import { startJsonRpcProxy, type JsonRpcProxy } from '../support/json-rpc-proxy.js';
import { TestChain } from '../support/test-chain.js';
import { CRYPTO_SCHEMA, CryptoHarness, DOLLAR } from './crypto-fixture.js';

const PHRASE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const DAY_MS = 86_400_000;

let chain: TestChain;
let endpoint: JsonRpcProxy;
let usdc: `0x${string}`;
let usdt: `0x${string}`;

beforeAll(async () => {
  chain = await TestChain.start();
  endpoint = await startJsonRpcProxy(chain.url);
  usdc = await chain.createToken('USDC', 6);
  usdt = await chain.createToken('USDT', 6);
});
afterAll(async () => {
  await endpoint.close();
  await chain.stop();
});

onEachDatabase('the crypto processor', CRYPTO_SCHEMA, (open) => {
  let crypto: CryptoHarness;

  beforeEach(async () => {
    endpoint.interfere(undefined);
    const tokens = [
      { symbol: 'ETH', decimals: 18, kind: 'native', price_usd: 2500 },
      { address: usdt, symbol: 'USDT', decimals: 6, kind: 'stablecoin', price_usd: '0.97' },
      { address: usdc, symbol: 'USDC', decimals: 6, kind: 'stablecoin', price_usd: '0.999' },
    ];
    const network = {
      name: 'ethereum',
      chain_id: chain.chainId,
      rpc_urls: [endpoint.url],
      confirmations: 2,
      tokens,
    };
    const account = mnemonicToAccount(PHRASE, { path: "m/44'/60'/0'/0" });
    const xpub = account.getHdKey().publicExtendedKey;
    const { at: now } = await chain.head();
    crypto = await CryptoHarness.start(await open(), { networks: [network], xpub, now });
  });

  it('tells where to send how much until when, at an address that only the wallet can spend from', async () => {
    const { payment, warnings } = await crypto.begin(50);
    expect(payment).toMatchObject({ status: 'pending', method: 'crypto:ethereum', provider: 'crypto' });
    expect(warnings).toEqual([]);
    expect(await crypto.processor.create(payment)).toEqual({
      state: 'pending',
      externalId: payment.externalId,
      nextAction: {
        type: 'pay_to_address',
        network: 'ethereum',
        chain_id: chain.chainId,
        asset: 'USDC',
        address: mnemonicToAccount(PHRASE, { addressIndex: 0 }).address,
        amount: '50',
        expires_at: new Date(crypto.clock.now() + 3_600_000).toISOString(),
      },
    });
    await crypto.begin(1);
    const invoices = await crypto.manager.find(CryptoInvoice, { order: { addressIndex: 'ASC' } });
    expect(invoices.map(({ address }) => address)).toEqual(
      [0, 1].map((addressIndex) => mnemonicToAccount(PHRASE, { addressIndex }).address.toLowerCase()),
    );
  });

  it('opens one invoice however often it is asked', async () => {
    const { payment } = await crypto.begin(50);
    const asked = await Promise.all([1, 2, 3].map(() => crypto.processor.create(payment)));
    expect(new Set(asked.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(await crypto.manager.count(CryptoInvoice)).toBe(1);
  });

  it.each(['0x123...', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD'])(
    'leaves out the refund wallet %s, says so, and goes on',
    async (wallet) => {
      const { payment, warnings } = await crypto.begin(50, { network: 'ethereum', wallet });
      expect(payment).toMatchObject({ status: 'pending' });
      expect(warnings).toMatchObject([{ code: 'refund_wallet_ignored' }]);
      expect(await crypto.manager.find(CryptoInvoice)).toMatchObject([{ refundWallet: null }]);
    },
  );

  it('keeps a refund wallet that is an address', async () => {
    const wallet = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
    await crypto.begin(50, { network: 'ethereum', wallet });
    await crypto.begin(50, { network: 'ethereum', wallet: wallet.toLowerCase() });
    const invoices = await crypto.manager.find(CryptoInvoice);
    expect(invoices.map(({ refundWallet }) => refundWallet)).toEqual([wallet, wallet]);
  });

  it('lists what it takes when it is asked for something else', async () => {
    await expect(crypto.begin(50, { network: 'bitcoin' })).rejects.toMatchObject({
      code: 'unsupported_network',
      status: 422,
      data: { networks: ['ethereum'] },
    });
    await expect(crypto.begin(50, { asset: 'DOGE' })).rejects.toMatchObject({
      code: 'unsupported_asset',
      status: 422,
      data: { network: 'ethereum', assets: ['ETH', 'USDC'] },
    });
  });

  it('takes no stablecoin that is off its peg, and lets wait what arrives of it', async () => {
    await expect(crypto.begin(50, { asset: 'USDT' })).rejects.toMatchObject({ code: 'unsupported_asset' });
    const invoice = await crypto.invoice(50);
    await chain.transfer(usdt, invoice.address, 50_000_000n);
    await chain.mine(2);
    await crypto.watch();
    expect(await crypto.deposits(invoice)).toMatchObject([{ asset: 'USDT', state: 'confirming' }]);
  });

  it('asks for no less than what it would credit', async () => {
    await expect(crypto.begin(0.49)).rejects.toMatchObject({
      status: 422,
      errors: [{ field: 'amount', message: expect.stringContaining('0.500000') as string }],
    });
    await expect(crypto.begin(0.5)).resolves.toMatchObject({ payment: { status: 'pending' } });
  });

  it('renews nothing, because nobody is there to pay', async () => {
    const request = { userId: 'u', amountMicro: 50 * DOLLAR, currency: 'USD', isSaved: false } as const;
    await expect(crypto.processor.plan({ ...request, isOffSession: true })).rejects.toMatchObject({
      code: 'payer_needed',
    });
  });

  it('fails a payment for which the chain cannot be read, and gives no address out', async () => {
    const { payment } = await crypto.begin(50);
    endpoint.interfere(() => 'hang up');
    const other = { ...payment, id: 'another' };
    expect(await crypto.processor.create(other)).toEqual({ state: 'failed', detail: 'network_unavailable' });
    expect(await crypto.processor.retrieve(other)).toEqual({
      state: 'failed',
      detail: 'network_unavailable',
    });
    expect(await crypto.manager.count(CryptoInvoice)).toBe(1);
  });

  it('looks at an address again, long after its invoice, when it is asked', async () => {
    const invoice = await crypto.invoice(50);
    await chain.mine(3);
    await crypto.watch();
    crypto.clock.advance(31 * DAY_MS);
    await chain.advance(31 * 86_400);
    await crypto.watch();
    await chain.transfer(usdc, invoice.address, 50_000_000n);
    await chain.mine(5);
    await crypto.watch();
    expect(await crypto.deposits(invoice)).toEqual([]);
    await crypto.processor.retrieve(await crypto.payment(invoice));
    await crypto.watch();
    const late = { status: 'completed', detail: 'paid_late', creditedMicro: 50 * DOLLAR };
    expect(await crypto.payment(invoice)).toMatchObject(late);
  });
});
