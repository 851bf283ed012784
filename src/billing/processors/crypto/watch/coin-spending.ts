import type { BlockRange, ChainReader, Hex } from '../chain/chain-reader.js';

/**
 * What an address has sent away, fees included, after block `from` and up to block `to`. The blocks are found by
 * halving, because the number of transactions that an address has sent never goes down.
 */
export async function coinSpentBetween(
  reader: ChainReader,
  address: Hex,
  range: BlockRange,
): Promise<bigint> {
  const before = await reader.sentCount(address, range.from);
  const after = await reader.sentCount(address, range.to);
  return spentWithin(reader, address, { ...range, before, after });
}

interface Search extends BlockRange {
  before: number;
  after: number;
}

async function spentWithin(reader: ChainReader, address: Hex, search: Search): Promise<bigint> {
  const { from, to, before, after } = search;
  if (before === after) return 0n;
  if (to - from === 1) return reader.coinSpent(address, to);
  const middle = Math.floor((from + to) / 2);
  const sent = await reader.sentCount(address, middle);
  const earlier = await spentWithin(reader, address, { from, to: middle, before, after: sent });
  const later = await spentWithin(reader, address, { from: middle, to, before: sent, after });
  return earlier + later;
}
