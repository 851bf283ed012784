import { Injectable } from '@nestjs/common';
import { LessThan, type EntityManager } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { IdempotencyKey, type StoredOutcome } from './idempotency-key.entity.js';
import { isUniqueViolation } from './unique-violation.js';
import { UnitOfWork } from './unit-of-work.js';

/** One query a method. Single statements: a key must be visible to other requests while its work runs. */
@Injectable()
export class IdempotencyKeyRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  private get manager(): EntityManager {
    return this.unitOfWork.manager;
  }

  find(userId: string, key: string): Promise<IdempotencyKey | null> {
    return this.manager.findOneBy(IdempotencyKey, { userId, key });
  }

  /** False when the user has used the key before. */
  async insert(row: IdempotencyKey): Promise<boolean> {
    try {
      await this.manager.insert(IdempotencyKey, row as QueryDeepPartialEntity<IdempotencyKey>);
      return true;
    } catch (error) {
      if (isUniqueViolation(error, 'idempotency_keys', ['user_id', 'key'])) return false;
      throw error;
    }
  }

  /** Takes a dead attempt's place; false when another was faster. */
  async takeOver(row: IdempotencyKey, attemptId: string, leaseUntil: number): Promise<boolean> {
    const { id, attemptId: deadAttempt } = row;
    const dead = { id, attemptId: deadAttempt, state: 'running' as const };
    const { affected } = await this.manager.update(IdempotencyKey, dead, { attemptId, leaseUntil });
    return affected === 1;
  }

  /** False when the attempt has been taken over meanwhile. */
  async note(id: string, attemptId: string, note: unknown): Promise<boolean> {
    const outcome: StoredOutcome = { kind: 'note', note };
    const update = this.manager.createQueryBuilder().update(IdempotencyKey).set({ outcome });
    const { affected } = await update.where({ id, attemptId, state: 'running' }).execute();
    return affected === 1;
  }

  async renew(id: string, attemptId: string, leaseUntil: number): Promise<void> {
    await this.manager.update(IdempotencyKey, { id, attemptId, state: 'running' }, { leaseUntil });
  }

  /** False when the attempt has been taken over meanwhile. */
  async finish(id: string, attemptId: string, outcome: StoredOutcome): Promise<boolean> {
    const update = this.manager.createQueryBuilder().update(IdempotencyKey).set({ state: 'done', outcome });
    const { affected } = await update.where({ id, attemptId }).execute();
    return affected === 1;
  }

  async remove(id: string, attemptId: string): Promise<void> {
    await this.manager.delete(IdempotencyKey, { id, attemptId });
  }

  async removeOlderThan(instant: number): Promise<number> {
    const { affected } = await this.manager.delete(IdempotencyKey, { createdAt: LessThan(instant) });
    return affected ?? 0;
  }
}
