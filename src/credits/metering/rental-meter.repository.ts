import { Injectable } from '@nestjs/common';
import { In, MoreThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditAccount } from '../ledger/account.entity.js';
import { CreditHold } from '../ledger/hold.entity.js';
import { RentalMeter } from './rental-meter.entity.js';

/** Rows of meters. The guarded updates answer whether this caller made the step. */
@Injectable()
export class RentalMeterRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(rentalId: string, manager: EntityManager = this.unitOfWork.manager): Promise<RentalMeter | null> {
    return manager.findOneBy(RentalMeter, { rentalId });
  }

  findMany(rentalIds: readonly string[]): Promise<RentalMeter[]> {
    return this.unitOfWork.manager.findBy(RentalMeter, { rentalId: In([...rentalIds]) });
  }

  async insert(meter: RentalMeter, manager: EntityManager): Promise<void> {
    await manager.insert(RentalMeter, meter);
  }

  /** Entries of the account so far. */
  async accountSeq(userId: string, manager: EntityManager): Promise<number> {
    return (await manager.findOneByOrFail(CreditAccount, { id: userId })).seq;
  }

  async start(rentalId: string, runningAt: number): Promise<boolean> {
    const start = { state: 'running' as const, runningAt, billedThrough: runningAt };
    const { manager } = this.unitOfWork;
    const { affected } = await manager.update(RentalMeter, { rentalId, state: 'authorized' }, start);
    return affected === 1;
  }

  /** Moves `billedThrough` on from what the caller has read; refused when another process did so first. */
  async claimTick(meter: RentalMeter, throughMs: number, manager: EntityManager): Promise<boolean> {
    const { rentalId, billedThrough } = meter;
    if (billedThrough === null) return false;
    const where = { rentalId, billedThrough, state: 'running' as const };
    const { affected } = await manager.update(RentalMeter, where, { billedThrough: throughMs });
    return affected === 1;
  }

  async claimFinish(rentalId: string, endedAt: number, manager: EntityManager): Promise<boolean> {
    const where = { rentalId, state: In(['authorized', 'running', 'exhausted']) };
    const { affected } = await manager.update(RentalMeter, where, { state: 'finished', endedAt });
    return affected === 1;
  }

  async record(
    rentalId: string,
    change: Partial<Pick<RentalMeter, 'chargedMicro' | 'costMicro' | 'quotaSeconds' | 'state'>>,
    manager: EntityManager,
  ): Promise<void> {
    await manager.update(RentalMeter, { rentalId }, change);
  }

  /** Replaces what is booked of a settled rental's cost, unless somebody else has meanwhile. */
  async restateCost(meter: RentalMeter, costMicro: number, manager: EntityManager): Promise<boolean> {
    const where = { rentalId: meter.rentalId, state: 'finished' as const, costMicro: meter.costMicro };
    const { affected } = await manager.update(RentalMeter, where, { costMicro });
    return affected === 1;
  }

  /** Running rentals in the order of their ids, a page at a time. */
  async runningAfter(rentalId: string, limit: number): Promise<string[]> {
    const where = { state: 'running' as const, rentalId: MoreThan(rentalId) };
    const order = { rentalId: 'ASC' as const };
    const { manager } = this.unitOfWork;
    const meters = await manager.find(RentalMeter, { select: ['rentalId'], where, order, take: limit });
    return meters.map((meter) => meter.rentalId);
  }

  async exhausted(): Promise<string[]> {
    const where = { state: 'exhausted' as const };
    const meters = await this.unitOfWork.manager.find(RentalMeter, { select: ['rentalId'], where });
    return meters.map((meter) => meter.rentalId);
  }

  /** What all running rentals of a user cost per hour together, and what their holds have left. */
  async burnOf(userId: string): Promise<{ pricePerHourMicro: number; heldMicro: number }> {
    const row = await this.unitOfWork.manager
      .createQueryBuilder(RentalMeter, 'meter')
      .innerJoin(CreditHold, 'hold', 'hold.id = meter.holdId')
      .select('COALESCE(SUM(meter.pricePerHourMicro), 0)', 'price')
      .addSelect('COALESCE(SUM(hold.amountMicro - hold.capturedMicro), 0)', 'held')
      .where("meter.userId = :userId AND meter.state = 'running'", { userId })
      .getRawOne<{ price: string | number; held: string | number }>();
    return { pricePerHourMicro: Number(row?.price ?? 0), heldMicro: Number(row?.held ?? 0) };
  }
}
