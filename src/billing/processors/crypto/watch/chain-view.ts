import type { Clock } from '../../../../common/clock.js';
import type { CryptoNetwork } from '../../../../config/crypto-network.js';
import { ChainUnavailable } from '../chain/chain-errors.js';
import type { Block, ChainReader } from '../chain/chain-reader.js';
import type { NetworkChain } from '../chain/network-chain.js';

/** An endpoint whose newest block is older lags behind: what it says may be out of date. */
const MOST_HEAD_AGE_MS = 60_000;

/** How many blocks a reorganisation may well take back: cursors go back so far, and lost deposits are waited for. */
const LEAST_REORG_BLOCKS = 64;

/** A chain as it stands at the beginning of a round; the round decides by this and never by a newer look. */
export interface ChainView {
  network: CryptoNetwork;
  reader: ChainReader;
  head: Block;
  headAgeMs: number;
  /** False: nothing may be credited or taken back by this view. */
  isFresh: boolean;
  /** The newest block with the wanted confirmations; undefined when they are not counted, or not there yet. */
  confirmedNumber?: number;
  finalizedNumber?: number;
  /** The newest block that deposits of any size may be credited at. */
  settled?: Block;
  /** Ends the round. */
  signal: AbortSignal;
}

/** @throws ChainUnavailable, ChainMismatch */
export async function lookAtChain(
  chain: NetworkChain,
  clock: Clock,
  signal: AbortSignal,
): Promise<ChainView> {
  const { network } = chain;
  const reader = await chain.reader();
  const head = await reader.head();
  const finalized = await finalizedBlock(reader, network);
  const { confirmations, isFinalityAwaited } = network;
  const depth = confirmations === undefined ? undefined : head.number - confirmations + 1;
  const confirmedNumber = depth !== undefined && depth >= 0 ? depth : undefined;
  const headAgeMs = clock.now() - head.at;
  return {
    network,
    reader,
    head,
    headAgeMs,
    isFresh: headAgeMs <= MOST_HEAD_AGE_MS,
    confirmedNumber,
    finalizedNumber: finalized?.number,
    settled: isFinalityAwaited ? finalized : await blockAt(reader, confirmedNumber),
    signal,
  };
}

/** Where deposits do not wait for it, a chain may well be without finality. */
async function finalizedBlock(reader: ChainReader, network: CryptoNetwork): Promise<Block | undefined> {
  try {
    return await reader.finalized();
  } catch (error) {
    if (error instanceof ChainUnavailable && !network.isFinalityAwaited) return undefined;
    throw error;
  }
}

function blockAt(reader: ChainReader, number: number | undefined): Promise<Block | undefined> {
  return number === undefined ? Promise.resolve(undefined) : reader.block(number);
}

export function reorgDepth({ confirmations = 0 }: CryptoNetwork): number {
  return Math.max(confirmations, LEAST_REORG_BLOCKS);
}
