import type { Block, ChainReader, Hex } from '../chain/chain-reader.js';
import type { CryptoDeposit } from '../deposits/crypto-deposit.entity.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import type { CoinReading } from '../invoices/crypto-invoice.repository.js';
import { coinSpentBetween } from './coin-spending.js';

/** What an address has received until after a block: what it has and what it sent away. */
export async function receivedCoins(
  reader: ChainReader,
  invoice: CryptoInvoice,
  block: Block,
): Promise<{ units: bigint; reading: CoinReading }> {
  const address = invoice.address as Hex;
  const balance = await reader.coinBalance(address, block.number);
  const coinSentCount = await reader.sentCount(address, block.number);
  const coinSpentUnits = await spentCoins(reader, invoice, { to: block.number, sentCount: coinSentCount });
  const reading = { coinBlock: block.number, coinSentCount, coinSpentUnits: coinSpentUnits.toString() };
  return { units: balance + coinSpentUnits, reading };
}

/** Goes on from the last reading; from the beginning when transactions of the address have vanished since. */
async function spentCoins(
  reader: ChainReader,
  invoice: CryptoInvoice,
  now: { to: number; sentCount: number },
): Promise<bigint> {
  const { address, coinBlock, coinSentCount, coinSpentUnits, createdBlock } = invoice;
  if (now.sentCount === coinSentCount) return BigInt(coinSpentUnits);
  const isShorter = now.sentCount < coinSentCount;
  const range = { from: isShorter ? createdBlock : coinBlock, to: now.to };
  const spent = await coinSpentBetween(reader, address as Hex, range);
  return isShorter ? spent : BigInt(coinSpentUnits) + spent;
}

/** What the deposits of an invoice account for. */
export function recordedCoins(deposits: readonly CryptoDeposit[]): bigint {
  return deposits
    .filter(({ token, state }) => token === null && ACCOUNTED.has(state))
    .reduce((sum, { units }) => sum + BigInt(units), 0n);
}

const ACCOUNTED: ReadonlySet<string> = new Set(['confirming', 'dust', 'credited']);
