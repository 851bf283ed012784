import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../../common/clock.js';
import { UnitOfWork } from '../../../../database/unit-of-work.js';
import type { Block } from '../chain/chain-reader.js';
import { CryptoDepositRepository } from '../deposits/crypto-deposit.repository.js';
import { ChainCursor } from './chain-cursor.entity.js';
import { reorgDepth, type ChainView } from './chain-view.js';

/** Remembers how far each chain was read, and notices when that part of it has changed. */
@Injectable()
export class ChainCursors {
  private readonly logger = new Logger(ChainCursors.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly deposits: CryptoDepositRepository,
    private readonly clock: Clock,
  ) {}

  /** The chain is read from here on, unless it is read already. */
  async begin(chainId: number, block: Block): Promise<void> {
    const insert = this.unitOfWork.manager.createQueryBuilder().insert().into(ChainCursor);
    await insert.values(this.rowAt(chainId, block)).orIgnore().execute();
  }

  /**
   * The block up to which the chain need not be read again; lower than before when the chain was reorganised.
   * Undefined when the endpoint has not got so far: it lags, and this round has nothing to say.
   */
  async check(view: ChainView): Promise<number | undefined> {
    const { chainId } = view.network;
    const cursor = await this.unitOfWork.manager.findOneBy(ChainCursor, { id: String(chainId) });
    if (!cursor) {
      await this.begin(chainId, view.head);
      return view.head.number;
    }
    const block = await view.reader.block(cursor.blockNumber);
    if (!block) return undefined;
    return block.hash === cursor.blockHash ? cursor.blockNumber : this.rewind(cursor, view);
  }

  /** Everything up to the settled block was read. */
  async advance({ network, settled }: ChainView, from: number): Promise<void> {
    if (settled && settled.number > from) await this.save(network.chainId, settled);
  }

  /** Deposits that were credited in the part that has changed are looked at again, even those that were final. */
  private async rewind({ blockNumber }: ChainCursor, view: ChainView): Promise<number | undefined> {
    const { network, reader } = view;
    const number = Math.max(0, blockNumber - reorgDepth(network));
    this.logger.warn({ msg: 'chain reorganised', network: network.name, from: blockNumber, to: number });
    const block = await reader.block(number);
    if (!block) return undefined;
    await this.deposits.reopenFrom(network.chainId, number);
    await this.save(network.chainId, block);
    return number;
  }

  private async save(chainId: number, block: Block): Promise<void> {
    const { id, ...changes } = this.rowAt(chainId, block);
    await this.unitOfWork.manager.update(ChainCursor, { id }, changes);
  }

  private rowAt(chainId: number, { number, hash }: Block): ChainCursor {
    return { id: String(chainId), blockNumber: number, blockHash: hash, updatedAt: this.clock.now() };
  }
}
