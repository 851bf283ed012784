import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { isUniqueViolation } from '../../database/unique-violation.js';
import { StaticContract } from './static-contract.entity.js';

@Injectable()
export class StaticContractRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  all(manager: EntityManager = this.unitOfWork.manager): Promise<StaticContract[]> {
    return manager.find(StaticContract, { order: { createdAt: 'ASC' } });
  }

  findByMachine(
    machineName: string,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<StaticContract | null> {
    return manager.findOneBy(StaticContract, { machineName });
  }

  /** @returns false when the machine is rented already */
  async insert(contract: StaticContract, manager: EntityManager = this.unitOfWork.manager): Promise<boolean> {
    try {
      await manager.insert(StaticContract, contract);
      return true;
    } catch (error) {
      if (isUniqueViolation(error, 'static_contracts', ['machine_name'])) return false;
      throw error;
    }
  }

  async deleteByMachine(
    machineName: string,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<void> {
    await manager.delete(StaticContract, { machineName });
  }
}
