import { Injectable } from '@nestjs/common';
import type { CryptoAsset } from '../../../../config/crypto-network.js';
import { UnitOfWork } from '../../../../database/unit-of-work.js';
import { chunksOf } from '../chunks.js';
import type { Block, ChainReader } from '../chain/chain-reader.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import { DepositRecorder } from '../deposits/deposit-recorder.js';
import type { CryptoInvoice } from '../invoices/crypto-invoice.entity.js';
import { CryptoInvoiceRepository } from '../invoices/crypto-invoice.repository.js';
import { receivedCoins, recordedCoins } from './coin-receipts.js';
import type { ChainView } from './chain-view.js';

const DAY_MS = 86_400_000;
/**
 * Old invoices are looked at every so many blocks. Endpoints that are no archives know the balances of the last 128
 * blocks, of which finality takes up to 96.
 */
const OLD_INVOICE_BLOCKS = 24;
/** Looked at at the same time. */
const ADDRESSES_AT_ONCE = 10;

/**
 * Finds what arrived in the network's own coin. A transfer that a contract makes is in no list of transactions, so the
 * balance is watched: received = balance + whatever was sent away. Only invoices in the coin are watched, because the
 * gas for emptying the address of a token invoice is sent there by its owner.
 */
@Injectable()
export class CoinScan {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly invoices: CryptoInvoiceRepository,
    private readonly deposits: CryptoDepositRepository,
    private readonly recorder: DepositRecorder,
  ) {}

  async run(
    { network, reader, settled, signal }: ChainView,
    watched: readonly CryptoInvoice[],
  ): Promise<void> {
    const coin = network.assets.find(({ kind }) => kind === 'native');
    if (!coin || !settled) return;
    const due = watched.filter((invoice) => invoice.asset === coin.symbol && isDue(invoice, settled));
    for (const batch of chunksOf(due, ADDRESSES_AT_ONCE)) {
      signal.throwIfAborted();
      await Promise.all(batch.map((invoice) => this.look(reader, invoice, coin, settled)));
    }
  }

  private async look(
    reader: ChainReader,
    invoice: CryptoInvoice,
    coin: CryptoAsset,
    block: Block,
  ): Promise<void> {
    const { units: received, reading } = await receivedCoins(reader, invoice, block);
    const known = recordedCoins(await this.deposits.ofInvoice(invoice.id));
    const units = received - known;
    if (units <= 0n) return this.invoices.saveCoinReading(invoice.id, reading);
    const deposit = this.recorder.coinDeposit(invoice, coin, { block, units });
    await this.unitOfWork.run(async (manager) => {
      const isOurs = await this.invoices.claimFinding(invoice, reading, manager);
      if (isOurs) await this.deposits.insert(deposit, manager);
    });
  }
}

function isDue({ expiresAt, coinBlock }: CryptoInvoice, settled: Block): boolean {
  if (settled.number <= coinBlock) return false;
  return settled.at < expiresAt + DAY_MS || settled.number - coinBlock >= OLD_INVOICE_BLOCKS;
}
