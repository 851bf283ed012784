import { Injectable } from '@nestjs/common';
import { In, MoreThanOrEqual, Not, type EntityManager } from 'typeorm';
import { Clock } from '../../../../common/clock.js';
import { UnitOfWork } from '../../../../database/unit-of-work.js';
import { chunksOf } from '../chunks.js';
import { CryptoDeposit, type DepositState } from './crypto-deposit.entity.js';

type Changes = Partial<CryptoDeposit>;

/** In one query; both databases bound the number of parameters. */
const MOST_HASHES = 500;

/** Rows of deposits. Whoever changes a state names the one that it may change; the count of rows says who won. */
@Injectable()
export class CryptoDepositRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  get(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<CryptoDeposit> {
    return manager.findOneByOrFail(CryptoDeposit, { id });
  }

  /** Neither credited nor given up, oldest first. */
  open(chainId: number): Promise<CryptoDeposit[]> {
    const where = { chainId, state: In(['confirming', 'missing'] satisfies DepositState[]) };
    return this.unitOfWork.manager.find(CryptoDeposit, { where, order: { blockNumber: 'ASC', id: 'ASC' } });
  }

  /** Credited in blocks that are not final. */
  unsettled(chainId: number): Promise<CryptoDeposit[]> {
    const where = { chainId, state: 'credited' as const, isFinal: false };
    return this.unitOfWork.manager.find(CryptoDeposit, { where, order: { blockNumber: 'DESC', id: 'DESC' } });
  }

  ofInvoice(invoiceId: string, manager: EntityManager = this.unitOfWork.manager): Promise<CryptoDeposit[]> {
    return manager.findBy(CryptoDeposit, { invoiceId });
  }

  /** What a user was credited in blocks that are not final. */
  async unsettledMicro(userId: string): Promise<number> {
    const where = { userId, state: 'credited' as const, isFinal: false };
    return (await this.unitOfWork.manager.sum(CryptoDeposit, 'creditedMicro', where)) ?? 0;
  }

  /** The block that each of the transactions' deposits was last seen in; those without a deposit are left out. */
  async blocksOf(chainId: number, txHashes: readonly string[]): Promise<Map<string, string>> {
    const blocks = new Map<string, string>();
    for (const batch of chunksOf(txHashes, MOST_HASHES)) {
      const txHash = In(batch);
      const state = Not(In(['missing', 'dropped', 'reversed'] satisfies DepositState[]));
      const rows = await this.unitOfWork.manager.findBy(CryptoDeposit, { chainId, txHash, state });
      for (const row of rows) blocks.set(row.txHash, row.blockHash);
    }
    return blocks;
  }

  /** Writes a deposit down unless it is known. @returns the row as it stands now */
  async claim(deposit: CryptoDeposit): Promise<CryptoDeposit> {
    const { manager } = this.unitOfWork;
    await this.insert(deposit, manager);
    const { chainId, txHash, position } = deposit;
    return manager.findOneByOrFail(CryptoDeposit, { chainId, txHash, position });
  }

  async insert(deposit: CryptoDeposit, manager: EntityManager): Promise<void> {
    await manager.createQueryBuilder().insert().into(CryptoDeposit).values(deposit).orIgnore().execute();
  }

  /** False when the deposit is in none of the states any more. */
  async change(
    id: string,
    from: readonly DepositState[],
    changes: Changes,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const row = { ...changes, updatedAt: this.clock.now() };
    const { affected } = await manager.update(CryptoDeposit, { id, state: In([...from]) }, row);
    return affected === 1;
  }

  async reopenFrom(chainId: number, blockNumber: number): Promise<void> {
    const where = { chainId, state: 'credited' as const, blockNumber: MoreThanOrEqual(blockNumber) };
    await this.unitOfWork.manager.update(CryptoDeposit, where, { isFinal: false });
  }
}
