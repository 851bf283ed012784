import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import {
  startJsonRpcProxy,
  type JsonRpcProxy,
  type RpcCall,
  type RpcReply,
} from '../support/json-rpc-proxy.js';
import { TestChain } from '../support/test-chain.js';
import { expectLedgerToBeChain } from './crypto-books.js';
import { CRYPTO_SCHEMA, CryptoHarness, DOLLAR, type Invoice } from './crypto-fixture.js';

const CONFIRMATIONS = 3;
const UNREACHABLE = 'http://127.0.0.1:1';

let chain: TestChain;
let usdc: `0x${string}`;
let first: JsonRpcProxy;
let second: JsonRpcProxy;

beforeAll(async () => {
  chain = await TestChain.start();
  usdc = await chain.createToken('USDC', 6);
  first = await startJsonRpcProxy(chain.url);
  second = await startJsonRpcProxy(chain.url);
});
afterEach(() => {
  first.interfere(undefined);
  second.interfere(undefined);
});
afterAll(async () => {
  await first.close();
  await second.close();
  await chain.stop();
});

/** What an endpoint says of the same transaction that follows another fork. */
const OTHER_HASH = `0x${'ab'.repeat(32)}`;
const ON_ANOTHER_FORK: Readonly<Record<string, object>> = {
  eth_getTransactionReceipt: { blockHash: OTHER_HASH },
  eth_getBlockByNumber: { hash: OTHER_HASH },
};

const network = (...rpcUrls: string[]): object => ({
  name: 'testnet',
  chain_id: chain.chainId,
  rpc_urls: rpcUrls,
  confirmations: CONFIRMATIONS,
  tokens: [{ address: usdc, symbol: 'USDC', decimals: 6, kind: 'stablecoin' }],
});

const on =
  (method: string, reply: (call: RpcCall) => Promise<RpcReply | undefined> | RpcReply | undefined) =>
  (call: RpcCall): Promise<RpcReply | undefined> | RpcReply | undefined =>
    call.method === method ? reply(call) : undefined;

onEachDatabase('an endpoint', CRYPTO_SCHEMA, (open) => {
  const start = async (...rpcUrls: string[]): Promise<CryptoHarness> => {
    const { at: now } = await chain.head();
    return CryptoHarness.start(await open(), { networks: [network(...rpcUrls)], now });
  };

  const payAndWatch = async (crypto: CryptoHarness, invoice: Invoice, units = 50_000_000n): Promise<void> => {
    await chain.transfer(usdc, invoice.address, units);
    await chain.mine(CONFIRMATIONS);
    await crypto.watch();
  };

  it('that is down credits nothing, loses nothing and lets nothing expire', async () => {
    const crypto = await start(first.url);
    const [invoice, unpaid] = [await crypto.invoice(50), await crypto.invoice(50)];
    first.interfere(() => 'hang up');
    await payAndWatch(crypto, invoice);
    await expect(crypto.begin(50)).rejects.toMatchObject({
      code: 'payment_provider_unavailable',
      status: 503,
    });
    await chain.advance(2 * 3600);
    crypto.clock.advance(2 * 3_600_000);
    await crypto.watch();
    expect(await crypto.payment(unpaid)).toMatchObject({ status: 'pending' });
    first.interfere(undefined);
    await chain.mine(CONFIRMATIONS);
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed', detail: null });
    expect(await crypto.payment(unpaid)).toMatchObject({ status: 'expired' });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that is down at the start stops nobody, and is checked when it is there', async () => {
    first.interfere(() => 'hang up');
    const crypto = await start(first.url);
    await expect(crypto.begin(50)).rejects.toMatchObject({ status: 503 });
    first.interfere(on('eth_chainId', () => ({ result: '0x1' })));
    await expect(crypto.begin(50)).rejects.toMatchObject({ status: 503 });
    first.interfere(undefined);
    expect(await crypto.begin(50)).toMatchObject({ payment: { status: 'pending' } });
  });

  it('that fails is replaced by the next', async () => {
    const crypto = await start(UNREACHABLE, second.url);
    const invoice = await crypto.invoice(50);
    await payAndWatch(crypto, invoice);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed' });
  });

  it('that fails in the middle of a round is replaced in the next', async () => {
    const crypto = await start(first.url, second.url);
    const invoice = await crypto.invoice(50);
    first.interfere(on('eth_getTransactionReceipt', () => 'hang up'));
    await payAndWatch(crypto, invoice);
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'pending' });
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed' });
  });

  it('whose newest block is old credits nothing', async () => {
    const crypto = await start(first.url);
    const invoice = await crypto.invoice(50);
    const { at } = await chain.head();
    await chain.transfer(usdc, invoice.address, 50_000_000n);
    await chain.mine(CONFIRMATIONS);
    crypto.clock.advance(at + 3_600_000 - crypto.clock.now());
    await crypto.watch();
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'confirming' }]);
    await chain.advance(3600);
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed' });
  });

  it('that has not got as far as before credits nothing, and the next is asked', async () => {
    const crypto = await start(first.url, second.url);
    const invoice = await crypto.invoice(50);
    await chain.mine(10);
    await crypto.watch();
    const { number } = await chain.head();
    const behind = await first.ask({ method: 'eth_getBlockByNumber', params: [hex(number - 9), false] });
    first.interfere(({ method, params }) => {
      if (method !== 'eth_getBlockByNumber') return undefined;
      const isLater = String(params[0]).startsWith('0x') && Number(params[0]) > number - 9;
      return params[0] === 'latest' ? { result: behind } : isLater ? { result: null } : undefined;
    });
    await payAndWatch(crypto, invoice);
    expect(await crypto.deposits(invoice)).toEqual([]);
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed' });
  });

  it('that takes only short ranges is asked in parts', async () => {
    const crypto = await start(first.url);
    const invoice = await crypto.invoice(50);
    await chain.transfer(usdc, invoice.address, 50_000_000n);
    await chain.mine(60);
    const error = { code: -32005, message: 'query returned more than 10000 results' };
    first.interfere(
      on('eth_getLogs', ({ params: [filter] }) => {
        const { fromBlock, toBlock } = filter as { fromBlock: string; toBlock: string };
        return Number(toBlock) - Number(fromBlock) > 7 ? { error } : undefined;
      }),
    );
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed' });
    await expectLedgerToBeChain(crypto, chain);
  });

  it('that shows a log without its receipt is asked again later', async () => {
    const crypto = await start(first.url);
    const invoice = await crypto.invoice(50);
    first.interfere(on('eth_getTransactionReceipt', () => ({ result: null })));
    await payAndWatch(crypto, invoice);
    await chain.mine(10);
    await crypto.watch();
    expect(await crypto.deposits(invoice)).toEqual([]);
    first.interfere(undefined);
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed' });
  });

  it('that forgets a credited receipt while its block stands takes nothing back', async () => {
    const crypto = await start(first.url);
    const invoice = await crypto.invoice(50);
    await payAndWatch(crypto, invoice);
    first.interfere(on('eth_getTransactionReceipt', () => ({ result: null })));
    for (let round = 0; round < 3; round++) {
      await chain.mine(CONFIRMATIONS);
      await crypto.watch();
    }
    await expectLedgerToBeChain(crypto, chain);
    expect(await crypto.credits(invoice)).toBe(50);
  });

  it('that shows another chain for a while only delays', async () => {
    const crypto = await start(first.url);
    const invoice = await crypto.invoice(50);
    await chain.transfer(usdc, invoice.address, 50_000_000n);
    await chain.mine();
    await crypto.watch();
    const { number } = await chain.head();
    await chain.mine(10);
    first.interfere(async (call) => {
      const isBlock = call.method === 'eth_getBlockByNumber' && call.params[0] === hex(number);
      if (isBlock) return { result: { ...((await first.ask(call)) as object), hash: OTHER_HASH } };
      return call.method === 'eth_getTransactionReceipt' ? { result: null } : undefined;
    });
    await crypto.watch();
    expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'missing' }]);
    first.interfere(undefined);
    await crypto.watch();
    expect(await crypto.payment(invoice)).toMatchObject({ status: 'completed' });
  });

  describe('for more than 1,000 dollars', () => {
    const LARGE = 1500_000_000n;

    it('needs a second one to agree', async () => {
      const crypto = await start(first.url, second.url);
      const invoice = await crypto.invoice(1500);
      second.interfere(on('eth_getTransactionReceipt', () => ({ result: null })));
      await payAndWatch(crypto, invoice, LARGE);
      expect(await crypto.payment(invoice)).toMatchObject({ status: 'pending', creditedMicro: 0 });
      second.interfere(() => 'hang up');
      await crypto.watch();
      second.interfere(async (call) => {
        const changes = ON_ANOTHER_FORK[call.method];
        return changes && { result: { ...((await second.ask(call)) as object), ...changes } };
      });
      await crypto.watch();
      expect(await crypto.payment(invoice)).toMatchObject({ status: 'pending', creditedMicro: 0 });
      second.interfere(undefined);
      await crypto.watch();
      expect(await crypto.payment(invoice)).toMatchObject({
        status: 'completed',
        creditedMicro: 1500 * DOLLAR,
      });
      await expectLedgerToBeChain(crypto, chain);
    });

    it('is not asked for where there is no second one, and what arrives waits', async () => {
      const crypto = await start(first.url);
      const refusal = { status: 422, errors: [{ field: 'amount' }] };
      await expect(crypto.begin(1500)).rejects.toMatchObject(refusal);
      const invoice = await crypto.invoice(50);
      await payAndWatch(crypto, invoice, LARGE);
      expect(await crypto.deposits(invoice)).toMatchObject([{ state: 'confirming' }]);
    });
  });
});

const hex = (number: number): string => `0x${number.toString(16)}`;

onEachDatabase('the start', CRYPTO_SCHEMA, (open) => {
  it('is refused when an endpoint serves another chain', async () => {
    const wrong = { ...network(chain.url), chain_id: 1 };
    const starting = CryptoHarness.start(await open(), { networks: [wrong] });
    await expect(starting).rejects.toThrow(/serves chain 31337, not 1/);
  });

  it.each([
    ['has other decimals', () => usdc, 18, /has 6 decimals.*expected 18/],
    ['is no contract', () => `0x${'12'.repeat(20)}`, 6, /there is no token/],
  ])('is refused when a token %s', async (_, address, decimals, message) => {
    const token = { address: address(), symbol: 'USDC', decimals, kind: 'stablecoin' };
    const wrong = { ...network(chain.url), tokens: [token] };
    const starting = CryptoHarness.start(await open(), { networks: [wrong] });
    await expect(starting).rejects.toThrow(message);
  });
});
