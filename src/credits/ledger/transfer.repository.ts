import { Injectable } from '@nestjs/common';
import { In, LessThan, MoreThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditEntry } from './entry.entity.js';
import { CreditTransfer } from './transfer.entity.js';

/** Transfers and their entries. There is no method that changes or removes one. */
@Injectable()
export class TransferRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /**
   * Inserts the transfer unless its key is taken, waiting for a concurrent transaction that holds it.
   * @returns what the key stands for now: the given transfer, or the earlier one
   */
  async claimKey(transfer: CreditTransfer, manager: EntityManager): Promise<CreditTransfer> {
    await manager.createQueryBuilder().insert().into(CreditTransfer).values(transfer).orIgnore().execute();
    const { account, idempotencyKey } = transfer;
    return manager.findOneByOrFail(CreditTransfer, { account, idempotencyKey });
  }

  /** @throws what the database says to a key that is taken */
  async insertAll(transfers: CreditTransfer[], manager: EntityManager): Promise<void> {
    const insert = manager.createQueryBuilder().insert().into(CreditTransfer);
    await insert.values(transfers).updateEntity(false).execute();
  }

  async insertEntries(entries: CreditEntry[], manager: EntityManager): Promise<void> {
    const insert = manager.createQueryBuilder().insert().into(CreditEntry);
    await insert.values(entries).updateEntity(false).execute();
  }

  /** The account's last entry before an instant. */
  lastEntryBefore(account: string, instant: number, manager: EntityManager): Promise<CreditEntry | null> {
    const where = { account, createdAt: LessThan(instant) };
    return manager.findOne(CreditEntry, { where, order: { createdAt: 'DESC', seq: 'DESC' } });
  }

  entriesAfter(account: string, seq: number, limit: number): Promise<CreditEntry[]> {
    const where = { account, seq: MoreThan(seq) };
    return this.unitOfWork.manager.find(CreditEntry, { where, order: { seq: 'ASC' }, take: limit });
  }

  transfersById(ids: string[]): Promise<CreditTransfer[]> {
    return this.unitOfWork.manager.findBy(CreditTransfer, { id: In(ids) });
  }

  /** Both sides of each transfer, the user's first. */
  legsOf(transferIds: string[]): Promise<CreditEntry[]> {
    const where = { transferId: In(transferIds) };
    return this.unitOfWork.manager.find(CreditEntry, { where, order: { id: 'ASC' } });
  }
}
