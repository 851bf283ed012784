import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdempotencyPurgeJob } from './idempotency-purge.job.js';
import { JobLease } from './job-lease.entity.js';
import { JobLeaseRepository } from './job-lease.repository.js';
import { JobMetrics } from './job-metrics.js';
import { JobRunner } from './job-runner.js';
import { JobsService } from './jobs.service.js';

/** Modules inject `JobsService` and register their jobs in `onModuleInit`; main.ts starts and stops them. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([JobLease])],
  providers: [JobLeaseRepository, JobMetrics, JobRunner, JobsService, IdempotencyPurgeJob],
  exports: [JobsService],
})
export class JobsModule {}
