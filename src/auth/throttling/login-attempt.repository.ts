import { Injectable } from '@nestjs/common';
import { LessThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { LoginAttempt } from './login-attempt.entity.js';

@Injectable()
export class LoginAttemptRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(key: string): Promise<LoginAttempt | null> {
    return this.unitOfWork.manager.findOneBy(LoginAttempt, { key });
  }

  /** The row, made when absent, and nobody else's to change until the transaction ends. */
  async findLocked(key: string, now: number, manager: EntityManager): Promise<LoginAttempt> {
    const untouched = { key, failures: 0, lockedUntil: 0, fullAt: 0, updatedAt: now };
    await manager.createQueryBuilder().insert().into(LoginAttempt).values(untouched).orIgnore().execute();
    await manager.update(LoginAttempt, { key }, { key });
    return manager.findOneByOrFail(LoginAttempt, { key });
  }

  async save(attempt: LoginAttempt, manager: EntityManager): Promise<void> {
    const { key, ...state } = attempt;
    await manager.update(LoginAttempt, { key }, state);
  }

  async remove(key: string): Promise<void> {
    await this.unitOfWork.manager.delete(LoginAttempt, { key });
  }

  async purge(unchangedSince: number): Promise<void> {
    await this.unitOfWork.manager.delete(LoginAttempt, { updatedAt: LessThan(unchangedSince) });
  }
}
