import { Injectable } from '@nestjs/common';
import { LessThanOrEqual } from 'typeorm';
import { isUniqueViolation } from '../database/unique-violation.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { JobLease } from './job-lease.entity.js';

export interface LeaseRequest {
  name: string;
  runId: string;
  now: number;
  leaseUntil: number;
  /** Only when the job's next round is due. */
  onlyIfDue: boolean;
}

/** Each method is one conditional statement; its count of rows says who won. */
@Injectable()
export class JobLeaseRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async acquire(request: LeaseRequest): Promise<boolean> {
    const { name, runId, now, leaseUntil } = request;
    const free = { name, leaseUntil: LessThanOrEqual(now) };
    const condition = request.onlyIfDue ? { ...free, dueAt: LessThanOrEqual(now) } : free;
    const { affected } = await this.unitOfWork.manager.update(JobLease, condition, { runId, leaseUntil });
    return affected === 1 || this.createLeased(request);
  }

  /** False when another run has the lease by now. */
  async renew(name: string, runId: string, leaseUntil: number): Promise<boolean> {
    const { affected } = await this.unitOfWork.manager.update(JobLease, { name, runId }, { leaseUntil });
    return affected === 1;
  }

  async finish(name: string, runId: string, dueAt: number): Promise<void> {
    const free = { runId: null, leaseUntil: 0, dueAt };
    await this.unitOfWork.manager.update(JobLease, { name, runId }, free);
  }

  /** A job that never ran has no row yet. */
  private async createLeased({ name, runId, now, leaseUntil }: LeaseRequest): Promise<boolean> {
    const { manager } = this.unitOfWork;
    if (await manager.existsBy(JobLease, { name })) return false;
    try {
      await manager.insert(JobLease, { name, runId, leaseUntil, dueAt: now });
      return true;
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }
}
