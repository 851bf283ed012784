import { Injectable } from '@nestjs/common';
import { LessThan, type EntityManager, type FindOptionsWhere, type QueryDeepPartialEntity } from 'typeorm';
import { UnitOfWork } from '../database/unit-of-work.js';
import { User } from './user.entity.js';

/** A position in the list of users, which is ordered by creation, newest first. */
export interface UserCursor {
  createdAt: number;
  id: string;
}

@Injectable()
export class UserRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async insert(user: User, manager: EntityManager = this.unitOfWork.manager): Promise<void> {
    await manager.insert(User, user);
  }

  findById(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<User | null> {
    return manager.findOneBy(User, { id });
  }

  findByEmail(email: string, manager: EntityManager = this.unitOfWork.manager): Promise<User | null> {
    return manager.findOneBy(User, { email });
  }

  page(limit: number, after?: UserCursor): Promise<User[]> {
    return this.unitOfWork.manager.find(User, {
      where: after && [
        { createdAt: LessThan(after.createdAt) },
        { createdAt: after.createdAt, id: LessThan(after.id) },
      ],
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
    });
  }

  countActiveAdmins(manager: EntityManager = this.unitOfWork.manager): Promise<number> {
    return manager.countBy(User, { isAdmin: true, isActive: true });
  }

  /** Changes the rows that match; tells whether there were any. */
  async update(
    where: FindOptionsWhere<User>,
    patch: Partial<User>,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const result = await manager.update(User, where, patch);
    return (result.affected ?? 0) > 0;
  }

  /** As `update`, and voids every login of the account in the same statement. */
  async updateAndEndSessions(
    where: FindOptionsWhere<User>,
    patch: Partial<User>,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<boolean> {
    const withEpoch: QueryDeepPartialEntity<User> = { ...patch, sessionEpoch: () => 'session_epoch + 1' };
    const result = await manager.update(User, where, withEpoch);
    return (result.affected ?? 0) > 0;
  }
}
