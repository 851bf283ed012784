import { Injectable } from '@nestjs/common';
import { Clock } from '../../../../common/clock.js';
import { newOrderedId } from '../../../../common/id.js';
import type { CryptoAsset, CryptoNetwork } from '../../../../config/crypto-network.js';
import type { Block, Receipt, TokenTransfer } from '../chain/chain-reader.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import type { CryptoDeposit, DepositState } from './crypto-deposit.entity.js';
import { CryptoDepositRepository } from './crypto-deposit.repository.js';

/** Where a deposit stands in the chain. */
export interface Place {
  block: Block;
  units: bigint;
}

const IN_A_BLOCK: ReadonlySet<DepositState> = new Set(['confirming', 'credited', 'dust']);

/** Writes down what arrived. Nothing is credited here. */
@Injectable()
export class DepositRecorder {
  constructor(
    private readonly deposits: CryptoDepositRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Records the transfers of a transaction to our addresses; other tokens, even of the same name, other addresses and
   * transfers of nothing are none of ours.
   * @param invoices by address
   */
  async record(
    receipt: Receipt,
    block: Block,
    network: CryptoNetwork,
    invoices: ReadonlyMap<string, CryptoInvoice>,
  ): Promise<void> {
    if (!receipt.isSuccess) return;
    for (const transfer of receipt.transfers) {
      const invoice = invoices.get(transfer.to);
      const asset = network.assets.find(({ address }) => address === transfer.token);
      if (!invoice || !asset || transfer.units === 0n) continue;
      const found = this.tokenDeposit(receipt, transfer, block, { invoice, asset });
      await this.place(await this.deposits.claim(found), { block, units: transfer.units });
    }
  }

  /**
   * A deposit is in another block than before, or one that was lost, given up or taken back is there again. The latter
   * not for coins: what is no longer accounted for is found by the balance, as another deposit.
   */
  async place(deposit: CryptoDeposit, { block, units }: Place): Promise<void> {
    if (deposit.blockHash === block.hash && IN_A_BLOCK.has(deposit.state)) return;
    const there = {
      blockNumber: block.number,
      blockHash: block.hash,
      blockAt: block.at,
      isFinal: false,
      missingSinceBlock: null,
    };
    await this.deposits.change(deposit.id, ['credited', 'dust'], there);
    if (deposit.token === null) return;
    const again = { ...there, units: units.toString(), state: 'confirming' } as const;
    await this.deposits.change(deposit.id, ['confirming', 'missing', 'dropped', 'reversed'], again);
  }

  /** What a coin's balance has grown by, found at a block. */
  coinDeposit(invoice: CryptoInvoice, asset: CryptoAsset, { block, units }: Place): CryptoDeposit {
    const txHash = `balance:${invoice.address}:${block.hash}`;
    return { ...this.blank(invoice, asset, { block, units }), txHash, position: 0, token: null };
  }

  private tokenDeposit(
    { txHash }: Receipt,
    { token, units, position }: TokenTransfer,
    block: Block,
    { invoice, asset }: { invoice: CryptoInvoice; asset: CryptoAsset },
  ): CryptoDeposit {
    return { ...this.blank(invoice, asset, { block, units }), txHash, position, token };
  }

  private blank(
    { id: invoiceId, userId, chainId }: CryptoInvoice,
    { symbol }: CryptoAsset,
    { block, units }: Place,
  ): Omit<CryptoDeposit, 'txHash' | 'position' | 'token'> {
    const now = this.clock.now();
    return {
      id: newOrderedId(),
      chainId,
      invoiceId,
      userId,
      asset: symbol,
      units: units.toString(),
      creditedUnits: null,
      creditedMicro: 0,
      state: 'confirming',
      isFinal: false,
      blockNumber: block.number,
      blockHash: block.hash,
      blockAt: block.at,
      missingSinceBlock: null,
      credits: 0,
      createdAt: now,
      updatedAt: now,
    };
  }
}
