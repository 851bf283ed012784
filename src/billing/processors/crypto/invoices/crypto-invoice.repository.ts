import { Injectable } from '@nestjs/common';
import { LessThanOrEqual, MoreThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../../../database/unit-of-work.js';
import { CryptoInvoice } from './crypto-invoice.entity.js';

/** What a look at a coin's balance has taught about an address. */
export type CoinReading = Pick<CryptoInvoice, 'coinBlock' | 'coinSentCount' | 'coinSpentUnits'>;

@Injectable()
export class CryptoInvoiceRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Inserts the invoice unless its payment has one. @returns the payment's invoice */
  async claim(invoice: CryptoInvoice): Promise<CryptoInvoice> {
    const { manager } = this.unitOfWork;
    await manager.createQueryBuilder().insert().into(CryptoInvoice).values(invoice).orIgnore().execute();
    return manager.findOneByOrFail(CryptoInvoice, { paymentId: invoice.paymentId });
  }

  findByPayment(paymentId: string): Promise<CryptoInvoice | null> {
    return this.unitOfWork.manager.findOneBy(CryptoInvoice, { paymentId });
  }

  get(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<CryptoInvoice> {
    return manager.findOneByOrFail(CryptoInvoice, { id });
  }

  /** Whose addresses are looked at. */
  watched(chainId: number, now: number): Promise<CryptoInvoice[]> {
    return this.unitOfWork.manager.findBy(CryptoInvoice, { chainId, watchUntil: MoreThan(now) });
  }

  /** Adds to what was credited (negative: takes away), without a look at what it was. */
  async addCredited(id: string, amountMicro: number, manager: EntityManager): Promise<void> {
    await manager.increment(CryptoInvoice, { id }, 'creditedMicro', amountMicro);
  }

  async markPaidLate(id: string, manager: EntityManager): Promise<void> {
    await manager.update(CryptoInvoice, { id }, { isPaidLate: true });
  }

  async markExpired(id: string): Promise<void> {
    await this.unitOfWork.manager.update(CryptoInvoice, { id }, { isExpired: true });
  }

  /** Looks at an address again that may have been forgotten. */
  async watchAgain({ id, createdBlock }: CryptoInvoice, watchUntil: number): Promise<void> {
    await this.unitOfWork.manager.update(
      CryptoInvoice,
      { id, watchUntil: LessThanOrEqual(watchUntil) },
      { watchUntil, rescanFrom: createdBlock },
    );
  }

  async rescanned(id: string): Promise<void> {
    await this.unitOfWork.manager.update(CryptoInvoice, { id }, { rescanFrom: null });
  }

  async saveCoinReading(
    id: string,
    reading: CoinReading,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<void> {
    await manager.update(CryptoInvoice, { id }, reading);
  }

  /** False when another watcher has found a deposit at this address meanwhile. */
  async claimFinding(
    { id, coinFindings }: CryptoInvoice,
    reading: CoinReading,
    manager: EntityManager,
  ): Promise<boolean> {
    const changes = { ...reading, coinFindings: coinFindings + 1 };
    const { affected } = await manager.update(CryptoInvoice, { id, coinFindings }, changes);
    return affected === 1;
  }
}
