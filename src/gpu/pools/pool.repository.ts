import { Injectable } from '@nestjs/common';
import { In, MoreThanOrEqual, type EntityManager } from 'typeorm';
import { newId } from '../../common/id.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import { Pool, PoolMember, RoutingChange } from './pool.entity.js';

@Injectable()
export class PoolRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(userId: string, name: string): Promise<Pool | null> {
    return this.unitOfWork.manager.findOneBy(Pool, { userId, name });
  }

  ofOwner(userId: string): Promise<Pool[]> {
    return this.unitOfWork.manager.find(Pool, { where: { userId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  owners(): Promise<{ userId: string }[]> {
    return this.unitOfWork.manager
      .createQueryBuilder(Pool, 'pool')
      .select('DISTINCT pool.user_id', 'userId')
      .getRawMany<{ userId: string }>();
  }

  async insert(pool: Pool, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.insert(Pool, pool);
  }

  async update(
    id: string,
    patch: Partial<Pool>,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<void> {
    if (Object.keys(patch).length > 0) await manager.update(Pool, { id }, patch);
  }

  async delete(id: string, manager: EntityManager): Promise<void> {
    await manager.delete(PoolMember, { poolId: id });
    await manager.delete(Pool, { id });
  }

  members(poolIds: readonly string[]): Promise<PoolMember[]> {
    if (poolIds.length === 0) return Promise.resolve([]);
    return this.unitOfWork.manager.findBy(PoolMember, { poolId: In([...poolIds]) });
  }

  async replaceMembers(poolId: string, rentalIds: readonly string[], manager: EntityManager): Promise<void> {
    await manager.delete(PoolMember, { poolId });
    const rows = [...new Set(rentalIds)].map((rentalId) => ({ id: newId(), poolId, rentalId }));
    if (rows.length > 0) await manager.insert(PoolMember, rows);
  }

  /** Those that are members already stay so. */
  async addMembers(poolId: string, rentalIds: readonly string[]): Promise<void> {
    const rows = [...new Set(rentalIds)].map((rentalId) => ({ id: newId(), poolId, rentalId }));
    if (rows.length === 0) return;
    const insert = this.unitOfWork.manager.createQueryBuilder().insert().into(PoolMember);
    await insert.values(rows).orIgnore().execute();
  }

  /** Names of the pools that each rental was put into. */
  async poolNamesOf(rentalIds: readonly string[]): Promise<Map<string, string[]>> {
    const names = new Map<string, string[]>(rentalIds.map((id) => [id, []]));
    if (rentalIds.length === 0) return names;
    const rows = await this.unitOfWork.manager
      .createQueryBuilder(PoolMember, 'member')
      .innerJoin(Pool, 'pool', 'pool.id = member.pool_id')
      .select(['member.rental_id AS rental_id', 'pool.name AS name'])
      .where('member.rental_id IN (:...rentalIds)', { rentalIds })
      .orderBy('pool.name')
      .getRawMany<{ rental_id: string; name: string }>();
    rows.forEach((row) => names.get(row.rental_id)?.push(row.name));
    return names;
  }

  /** Every touch leaves a later stamp than the one before, whatever the clocks of the processes say. */
  async touchOwner(userId: string, now: number): Promise<void> {
    if (await this.advanceStamp(userId, now)) return;
    try {
      await this.unitOfWork.manager.insert(RoutingChange, { id: userId, changedAt: now });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      await this.advanceStamp(userId, now);
    }
  }

  async stampOf(userId: string): Promise<number> {
    return (await this.unitOfWork.manager.findOneByOrFail(RoutingChange, { id: userId })).changedAt;
  }

  changedOwners(since: number): Promise<RoutingChange[]> {
    return this.unitOfWork.manager.findBy(RoutingChange, { changedAt: MoreThanOrEqual(since) });
  }

  private async advanceStamp(userId: string, now: number): Promise<boolean> {
    const later = (): string => 'CASE WHEN changed_at >= :now THEN changed_at + 1 ELSE :now END';
    const update = this.unitOfWork.manager.createQueryBuilder().update(RoutingChange);
    const { affected } = await update
      .set({ changedAt: later })
      .where('id = :userId')
      .setParameters({ userId, now })
      .execute();
    return (affected ?? 0) > 0;
  }
}
