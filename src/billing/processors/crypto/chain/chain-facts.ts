import type { Block, ChainReader, Hex, Receipt } from './chain-reader.js';

/** What evidence of a deposit rests on. */
export type ChainFacts = Pick<ChainReader, 'block' | 'receipt'>;

/**
 * Asks for each receipt and block once: for one look at many deposits, of which hundreds may share a block or even a
 * transaction.
 */
export function askingOnce(reader: ChainFacts): ChainFacts {
  const blocks = new Map<number, Promise<Block | undefined>>();
  const receipts = new Map<Hex, Promise<Receipt | undefined>>();
  return {
    block: (number) => remember(blocks, number, () => reader.block(number)),
    receipt: (txHash) => remember(receipts, txHash, () => reader.receipt(txHash)),
  };
}

function remember<K, V>(known: Map<K, V>, key: K, ask: () => V): V {
  const answer = known.get(key) ?? ask();
  known.set(key, answer);
  return answer;
}
