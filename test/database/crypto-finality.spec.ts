import { afterAll, beforeAll, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { TestChain } from '../support/test-chain.js';
import { expectLedgerToBeChain } from './crypto-books.js';
import { CRYPTO_SCHEMA, CryptoHarness, type Invoice } from './crypto-fixture.js';

/** Finality is two epochs of this many blocks behind, `safe` is one. */
const SLOTS_IN_EPOCH = 8;

let chain: TestChain;
let usdc: `0x${string}`;

beforeAll(async () => {
  chain = await TestChain.start({ slotsInEpoch: SLOTS_IN_EPOCH });
  usdc = await chain.createToken('USDC', 6);
  await chain.mine(4 * SLOTS_IN_EPOCH);
});
afterAll(() => chain.stop());

onEachDatabase('a network with finality', CRYPTO_SCHEMA, (open) => {
  const start = async (depth: object): Promise<CryptoHarness> => {
    const tokens = [
      { address: usdc, symbol: 'USDC', decimals: 6, kind: 'stablecoin' },
      { symbol: 'ETH', decimals: 18, kind: 'native', price_usd: 2500 },
    ];
    const { url, chainId: chain_id } = chain;
    const network = { name: 'testnet', chain_id, rpc_urls: [url, url], tokens, ...depth };
    return CryptoHarness.start(await open(), { networks: [network] });
  };

  const pay = async (invoice: Invoice, dollars: number): Promise<number> => {
    const { hash } = await chain.transfer(usdc, invoice.address, BigInt(dollars) * 1_000_000n);
    await chain.mine();
    const { blockNumber } = await chain.client.getTransactionReceipt({ hash });
    return Number(blockNumber);
  };

  const numberOf = async (blockTag: 'safe' | 'finalized'): Promise<number> =>
    Number((await chain.client.getBlock({ blockTag })).number);

  it('credits what is final, and nothing that is only safe', async () => {
    const crypto = await start({});
    const [invoice, coins] = [
      await crypto.invoice(50),
      await crypto.invoice(50, { asset: 'ETH', network: 'testnet' }),
    ];
    await chain.sendCoins(coins.address, 20_000_000_000_000_000n);
    const block = await pay(invoice, 50);
    while ((await numberOf('finalized')) < block - 1) await chain.mine();
    expect(await numberOf('safe')).toBeGreaterThan(block);
    await crypto.watch();
    expect([await crypto.credits(invoice), await crypto.credits(coins)]).toEqual([0, 0]);
    await chain.mine();
    await crypto.watch();
    expect([await crypto.credits(invoice), await crypto.credits(coins)]).toEqual([50, 50]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('does not miss what lies between the confirmed and the final block when the watcher starts anew', async () => {
    const crypto = await start({});
    const invoice = await crypto.invoice(50);
    await crypto.watch();
    await pay(invoice, 50);
    await chain.mine(3);
    await crypto.watch();
    await chain.mine(3 * SLOTS_IN_EPOCH);
    await (await crypto.again()).watch();
    expect(await crypto.credits(invoice)).toBe(50);
  });

  it('credits small deposits by confirmations, if told to, and large ones when they are final', async () => {
    const crypto = await start({ confirmations: 2, finality: 'finalized' });
    const [small, large] = [await crypto.invoice(100), await crypto.invoice(101)];
    await pay(small, 100);
    const block = await pay(large, 101);
    await chain.mine();
    await crypto.watch();
    expect([await crypto.credits(small), await crypto.credits(large)]).toEqual([100, 0]);
    while ((await numberOf('finalized')) < block) await chain.mine();
    await crypto.watch();
    expect(await crypto.credits(large)).toBe(101);
    expect(await crypto.deposits(small)).toMatchObject([{ isFinal: true }]);
    await expectLedgerToBeChain(crypto, chain);
  });

  it('lets nobody have more than 1,000 dollars that are not final', async () => {
    const crypto = await start({ confirmations: 1, finality: 'finalized' });
    const invoice = await crypto.invoice(100);
    const { userId } = invoice;
    const invoices = [invoice];
    while (invoices.length < 11) invoices.push(await crypto.invoice(100, { userId }));
    const other = await crypto.invoice(100);
    for (const { address } of [...invoices, other]) await chain.transfer(usdc, address, 100_000_000n);
    await chain.mine();
    await crypto.watch();
    expect(await crypto.credits(invoice)).toBe(1000);
    expect(await crypto.credits(other)).toBe(100);
    await chain.mine(3 * SLOTS_IN_EPOCH);
    await crypto.watch();
    expect(await crypto.credits(invoice)).toBe(1100);
  });

  it('takes back even what was final, should the chain break its word', async () => {
    const crypto = await start({});
    const invoice = await crypto.invoice(50);
    await pay(invoice, 50);
    await chain.mine(3 * SLOTS_IN_EPOCH);
    await crypto.watch();
    expect(await crypto.credits(invoice)).toBe(50);
    await crypto.watch();
    await chain.reorganise(3 * SLOTS_IN_EPOCH + 1);
    await chain.mine(3 * SLOTS_IN_EPOCH);
    await crypto.watch();
    await chain.mine(100);
    await crypto.watch();
    expect(await crypto.credits(invoice)).toBe(0);
    expect(crypto.events.at(-2)).toMatchObject({ data: { alert: 'deposit_reversed' } });
    await expectLedgerToBeChain(crypto, chain);
  });
});
