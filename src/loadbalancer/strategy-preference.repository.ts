import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../database/unit-of-work.js';
import { StrategyPreference } from './strategy-preference.entity.js';

@Injectable()
export class StrategyPreferenceRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(userId: string, manager: EntityManager = this.unitOfWork.manager): Promise<StrategyPreference | null> {
    return manager.findOneBy(StrategyPreference, { userId });
  }

  /** Inserts or replaces; of two at once the later wins. */
  async save(
    preference: StrategyPreference,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<void> {
    await manager.upsert(StrategyPreference, preference, ['userId']);
  }
}
