import { Injectable } from '@nestjs/common';
import { In, IsNull, LessThanOrEqual, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { AccountDeletion } from './account-deletion.entity.js';

@Injectable()
export class AccountDeletionRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async insert(deletion: AccountDeletion, manager: EntityManager): Promise<void> {
    await manager.insert(AccountDeletion, deletion);
  }

  /** The latest under this address that can still be restored. */
  findRestorable(emailHashes: readonly string[]): Promise<AccountDeletion | null> {
    return this.unitOfWork.manager.findOne(AccountDeletion, {
      where: { emailHash: In([...emailHashes]), erasedAt: IsNull() },
      order: { requestedAt: 'DESC' },
    });
  }

  due(now: number, limit: number): Promise<AccountDeletion[]> {
    return this.unitOfWork.manager.find(AccountDeletion, {
      where: { eraseAt: LessThanOrEqual(now), erasedAt: IsNull() },
      order: { eraseAt: 'ASC' },
      take: limit,
    });
  }

  /** False when it is erased by now, or restored. */
  async remove(id: string, manager: EntityManager): Promise<boolean> {
    return (await manager.delete(AccountDeletion, { id, erasedAt: IsNull() })).affected === 1;
  }

  /** False when it is erased already, or restored. */
  async markErased(id: string, erasedAt: number, manager: EntityManager): Promise<boolean> {
    const nothing = { emailHash: null, identitySealed: null, identityKeyId: null };
    const where = { id, erasedAt: IsNull() };
    return (await manager.update(AccountDeletion, where, { ...nothing, erasedAt })).affected === 1;
  }
}
