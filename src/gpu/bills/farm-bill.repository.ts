import { Injectable } from '@nestjs/common';
import { In, IsNull, type EntityManager } from 'typeorm';
import { newOrderedId } from '../../common/id.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { ProviderName } from '../../providers/gpu-provider.js';
import { Rental } from '../rentals/rental.entity.js';
import { FarmBill } from './farm-bill.entity.js';

export type NewBill = Omit<FarmBill, 'id' | 'amountMicro' | 'askedAt' | 'finalAt'>;

const AT_ONCE = 200;

/** Bills of farms: one for each contract that has ended. */
@Injectable()
export class FarmBillRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** A bill that is there already stays as it is. */
  async insertMissing(bills: readonly NewBill[]): Promise<void> {
    if (bills.length === 0) return;
    const rows = bills.map((bill) => ({
      ...bill,
      id: newOrderedId(),
      amountMicro: null,
      askedAt: null,
      finalAt: null,
    }));
    const { manager } = this.unitOfWork;
    await manager.createQueryBuilder().insert().into(FarmBill).values(rows).orIgnore().execute();
  }

  /** Settled rentals whose contract has ended since an instant and has no bill yet. */
  unbilled(providers: readonly ProviderName[], since: number): Promise<Rental[]> {
    return this.unitOfWork.manager
      .createQueryBuilder(Rental, 'rental')
      .leftJoin(FarmBill, 'bill', 'bill.provider = rental.provider AND bill.contractId = rental.contractId')
      .where('rental.provider IN (:...providers) AND rental.contractGoneAt >= :since', { providers, since })
      .andWhere('rental.settledAt IS NOT NULL AND rental.contractId IS NOT NULL AND bill.id IS NULL')
      .take(AT_ONCE)
      .getMany();
  }

  /** Bills of a farm that it should be asked about, those that wait for longest first. */
  due(provider: ProviderName, askedBefore: number): Promise<FarmBill[]> {
    return this.unitOfWork.manager
      .createQueryBuilder(FarmBill, 'bill')
      .where('bill.provider = :provider AND bill.finalAt IS NULL', { provider })
      .andWhere('(bill.askedAt IS NULL OR bill.askedAt < :askedBefore)', { askedBefore })
      .orderBy('bill.endedAt', 'ASC')
      .addOrderBy('bill.id', 'ASC')
      .take(AT_ONCE)
      .getMany();
  }

  /** True for the one who moves the bill on from what it was. */
  async restate({ id, amountMicro }: FarmBill, nowMicro: number, manager: EntityManager): Promise<boolean> {
    const seen = amountMicro === null ? IsNull() : amountMicro;
    const { affected } = await manager.update(FarmBill, { id, amountMicro: seen }, { amountMicro: nowMicro });
    return affected === 1;
  }

  async noteAsked(ids: readonly string[], askedAt: number): Promise<void> {
    await this.unitOfWork.manager.update(FarmBill, { id: In([...ids]) }, { askedAt });
  }

  async close(ids: readonly string[], finalAt: number): Promise<void> {
    await this.unitOfWork.manager.update(FarmBill, { id: In([...ids]) }, { finalAt });
  }
}
