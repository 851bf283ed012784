import type { ChainFacts } from '../chain/chain-facts.js';
import type { Block, Hex } from '../chain/chain-reader.js';
import type { CryptoDeposit } from './crypto-deposit.entity.js';
import type { Place } from './deposit-recorder.js';

/**
 * - `there`: in a block of the chain as it is now, perhaps another block than before
 * - `gone`: the block it was in is no longer part of the chain, and no other has it (or it fails there)
 * - `unclear`: the endpoint contradicts itself or has not got so far; nothing follows from that
 */
export type Evidence = { verdict: 'there'; place: Place } | { verdict: 'gone' } | { verdict: 'unclear' };

const GONE: Evidence = { verdict: 'gone' };
const UNCLEAR: Evidence = { verdict: 'unclear' };

/**
 * Asks an endpoint anew whether a deposit is in the chain: its receipt, and whether the receipt's block is the one
 * that the chain has at this height.
 * @param address of the deposit's invoice
 */
export function evidenceOf(facts: ChainFacts, deposit: CryptoDeposit, address: string): Promise<Evidence> {
  return deposit.token === null ? coinEvidence(facts, deposit) : tokenEvidence(facts, deposit, address);
}

async function tokenEvidence(facts: ChainFacts, deposit: CryptoDeposit, address: string): Promise<Evidence> {
  const receipt = await facts.receipt(deposit.txHash as Hex);
  if (!receipt) return evidenceOfLoss(await facts.block(deposit.blockNumber), deposit);
  const block = await facts.block(receipt.blockNumber);
  if (block?.hash !== receipt.blockHash) return UNCLEAR;
  const transfer = receipt.transfers.find(({ position }) => position === deposit.position);
  const isSame = transfer?.token === deposit.token && transfer.to === address;
  if (!receipt.isSuccess || !isSame) return GONE;
  return { verdict: 'there', place: { block, units: transfer.units } };
}

/** A coin's deposit was found by a balance at a block, so it stands and falls with this block. */
async function coinEvidence(facts: ChainFacts, deposit: CryptoDeposit): Promise<Evidence> {
  const block = await facts.block(deposit.blockNumber);
  if (block?.hash !== deposit.blockHash) return evidenceOfLoss(block, deposit);
  return { verdict: 'there', place: { block, units: BigInt(deposit.units) } };
}

/** A receipt may be missing because the endpoint lags or has forgotten it; only another block at its place is proof. */
function evidenceOfLoss(block: Block | undefined, deposit: CryptoDeposit): Evidence {
  return block && block.hash !== deposit.blockHash ? GONE : UNCLEAR;
}
