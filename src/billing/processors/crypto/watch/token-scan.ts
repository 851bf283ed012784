import { Injectable } from '@nestjs/common';
import type { CryptoNetwork } from '../../../../config/crypto-network.js';
import { askingOnce, type ChainFacts } from '../chain/chain-facts.js';
import { chunksOf } from '../chunks.js';
import type { BlockRange, Hex, TransferSighting } from '../chain/chain-reader.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import { DepositRecorder } from '../deposits/deposit-recorder.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from '../invoices/crypto-invoice.repository.js';
import { ChainCursors } from './chain-cursors.js';
import type { ChainView } from './chain-view.js';

/** Addresses in one question; endpoints bound the size of a filter. */
const MOST_ADDRESSES = 500;
/** Receipts asked for at the same time. */
const RECEIPTS_AT_ONCE = 10;

type InvoicesByAddress = ReadonlyMap<string, CryptoInvoice>;

/** Finds transfers of the configured tokens to our addresses. */
@Injectable()
export class TokenScan {
  constructor(
    private readonly cursors: ChainCursors,
    private readonly invoices: CryptoInvoiceRepository,
    private readonly deposits: CryptoDepositRepository,
    private readonly recorder: DepositRecorder,
  ) {}

  /** @returns false when the endpoint has not got as far as the chain was read before */
  async run(view: ChainView, watched: readonly CryptoInvoice[]): Promise<boolean> {
    const from = await this.cursors.check(view);
    if (from === undefined) return false;
    const isComplete = await this.scan(view, watched, { from: from + 1, to: view.head.number });
    await this.rescan(view, watched, from);
    if (isComplete) await this.cursors.advance(view, from);
    return true;
  }

  /** What was forgotten for some time is read from its beginning. */
  private async rescan(view: ChainView, watched: readonly CryptoInvoice[], to: number): Promise<void> {
    for (const invoice of watched) {
      if (invoice.rescanFrom === null) continue;
      const isComplete = await this.scan(view, [invoice], { from: invoice.rescanFrom, to });
      if (isComplete) await this.invoices.rescanned(invoice.id);
    }
  }

  /** @returns false when the endpoint could not tell more of something that it had shown: to be read again */
  private async scan(
    view: ChainView,
    watched: readonly CryptoInvoice[],
    range: BlockRange,
  ): Promise<boolean> {
    const { network, reader, signal } = view;
    const tokens = network.assets.flatMap(({ address }) => (address ? [address as Hex] : []));
    if (tokens.length === 0 || range.from > range.to) return true;
    const invoices = new Map(watched.map((invoice) => [invoice.address, invoice]));
    const addresses = [...invoices.keys()] as Hex[];
    let isComplete = true;
    for (const batch of chunksOf(addresses, MOST_ADDRESSES)) {
      signal.throwIfAborted();
      const sightings = await reader.transfersTo(batch, tokens, range);
      isComplete = (await this.record(view, sightings, invoices)) && isComplete;
    }
    return isComplete;
  }

  private async record(
    view: ChainView,
    sightings: readonly TransferSighting[],
    invoices: InvoicesByAddress,
  ): Promise<boolean> {
    const worthy = sightings.filter(({ units }) => units > 0n);
    const blocks = new Map(worthy.map(({ txHash, blockHash }) => [txHash, blockHash]));
    const known = await this.deposits.blocksOf(view.network.chainId, [...blocks.keys()]);
    const news = [...blocks].filter(([txHash, blockHash]) => known.get(txHash) !== blockHash);
    const facts = askingOnce(view.reader);
    let isComplete = true;
    for (const batch of chunksOf(news, RECEIPTS_AT_ONCE)) {
      view.signal.throwIfAborted();
      const recording = batch.map(([txHash]) => this.recordOne(facts, txHash, view.network, invoices));
      const isRecorded = await Promise.all(recording);
      isComplete = isComplete && isRecorded.every(Boolean);
    }
    return isComplete;
  }

  private async recordOne(
    facts: ChainFacts,
    txHash: Hex,
    network: CryptoNetwork,
    invoices: InvoicesByAddress,
  ): Promise<boolean> {
    const receipt = await facts.receipt(txHash);
    const block = receipt && (await facts.block(receipt.blockNumber));
    if (block?.hash !== receipt?.blockHash || !receipt || !block) return false;
    await this.recorder.record(receipt, block, network, invoices);
    return true;
  }
}
