import { Injectable } from '@nestjs/common';
import { IsNull, LessThan, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { User } from '../../users/user.entity.js';
import { ApiKey } from './api-key.entity.js';

/** A position in a user's list of keys, which is ordered by creation, newest first. */
export interface ApiKeyCursor {
  createdAt: number;
  id: string;
}

@Injectable()
export class ApiKeyRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async insert(key: ApiKey, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.insert(ApiKey, key);
  }

  /** A key and the account it belongs to, in one query. */
  async findWithUser(keyId: string): Promise<{ key: ApiKey; user: User } | null> {
    const found = await this.unitOfWork.manager
      .createQueryBuilder(ApiKey, 'key')
      .innerJoinAndMapOne('key.user', User, 'user', 'user.id = key.userId')
      .where({ keyId })
      .getOne();
    if (!found) return null;
    const { user, ...key } = found as ApiKey & { user: User };
    return { key, user };
  }

  findUnrevoked(userId: string, id: string): Promise<ApiKey | null> {
    return this.unitOfWork.manager.findOneBy(ApiKey, { id, userId, revokedAt: IsNull() });
  }

  pageUnrevoked(userId: string, limit: number, after?: ApiKeyCursor): Promise<ApiKey[]> {
    const mine = { userId, revokedAt: IsNull() };
    return this.unitOfWork.manager.find(ApiKey, {
      where: after
        ? [
            { ...mine, createdAt: LessThan(after.createdAt) },
            { ...mine, createdAt: after.createdAt, id: LessThan(after.id) },
          ]
        : mine,
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
    });
  }

  /** Changes the rows that match; tells whether there were any. */
  async update(
    where: FindOptionsWhere<ApiKey>,
    patch: Partial<ApiKey>,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const result = await manager.update(ApiKey, where, patch);
    return (result.affected ?? 0) > 0;
  }

  /** Unless it was marked after `unlessSince`; several processes mark the same keys. */
  async markUsed(ids: readonly string[], now: number, unlessSince: number): Promise<void> {
    await this.unitOfWork.manager
      .createQueryBuilder()
      .update(ApiKey)
      .set({ lastUsedAt: now })
      .where('id IN (:...ids) AND (last_used_at IS NULL OR last_used_at <= :unlessSince)', {
        ids,
        unlessSince,
      })
      .execute();
  }

  countUnrevoked(userId: string): Promise<number> {
    return this.unitOfWork.manager.countBy(ApiKey, { userId, revokedAt: IsNull() });
  }
}
