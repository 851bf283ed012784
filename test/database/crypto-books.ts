import { expect } from 'vitest';
import { CryptoDeposit } from '../../src/billing/processors/crypto/deposits/crypto-deposit.entity.js';
import { CryptoInvoice } from '../../src/billing/processors/crypto/invoices/crypto-invoice.entity.js';
import { microForUnits } from '../../src/billing/processors/crypto/invoices/quote.js';
import { Payment } from '../../src/billing/payments/payment.entity.js';
import { CreditEntry } from '../../src/credits/ledger/entry.entity.js';
import type { TestChain } from '../support/test-chain.js';
import type { CryptoHarness } from './crypto-fixture.js';

/**
 * What the addresses hold on the chain is what their payments, their users' accounts and the clearing account say;
 * dust aside, which nobody is credited.
 */
export async function expectLedgerToBeChain(crypto: CryptoHarness, chain: TestChain): Promise<void> {
  const { chainId } = chain;
  const invoices = await crypto.manager.findBy(CryptoInvoice, { chainId });
  const expected = await Promise.all(invoices.map((invoice) => worthOnChain(crypto, chain, invoice)));
  expect(invoices.map(({ creditedMicro }) => creditedMicro)).toEqual(expected);
  for (const { paymentId, userId, creditedMicro } of invoices) {
    expect(await crypto.manager.findOneBy(Payment, { id: paymentId })).toMatchObject({ creditedMicro });
    const { remainingMicro, overageMicro } = await crypto.ledger.balanceOf(userId);
    expect(remainingMicro - overageMicro).toBe(creditedMicro);
  }
  const total = expected.reduce((sum, micro) => sum + micro, 0);
  expect(await clearedMicro(crypto, chainId)).toBe(total);
  expect(await crypto.verifier.verify()).toMatchObject({ isIntact: true });
}

async function worthOnChain(
  crypto: CryptoHarness,
  chain: TestChain,
  invoice: CryptoInvoice,
): Promise<number> {
  const { assets = [] } = crypto.networks.find(({ chainId }) => chainId === chain.chainId) ?? {};
  const deposits = await crypto.manager.findBy(CryptoDeposit, { invoiceId: invoice.id });
  let micro = 0;
  for (const asset of assets) {
    const { address, symbol } = asset;
    if (!address && symbol !== invoice.asset) continue;
    const balance = address
      ? await chain.tokenBalance(address as `0x${string}`, invoice.address)
      : await chain.coinBalance(invoice.address);
    const dust = deposits.filter((deposit) => deposit.state === 'dust' && deposit.asset === symbol);
    const units = dust.reduce((rest, deposit) => rest - BigInt(deposit.units), balance);
    micro += microForUnits(units, symbol === invoice.asset ? invoice : asset);
  }
  return micro;
}

/** What has come over the clearing accounts of a chain. */
async function clearedMicro({ manager }: CryptoHarness, chainId: number): Promise<number> {
  const entries = await manager.find(CreditEntry, {});
  return entries
    .filter(({ account }) => account.startsWith(`clearing:crypto:${chainId}:`))
    .reduce((sum, { amountMicro }) => sum - amountMicro, 0);
}
