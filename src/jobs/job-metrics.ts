import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Metrics, type Sample } from '../common/metrics/metrics.js';
import { remembered } from '../common/metrics/remembered.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { JobLease } from './job-lease.entity.js';
import { JobsService } from './jobs.service.js';

/** Whether the repeating work gets done. */
@Injectable()
export class JobMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly jobs: JobsService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const { metrics, jobs, clock } = this;
    const leases = remembered(clock, () => this.unitOfWork.manager.find(JobLease));
    metrics.add('job_rounds_total', 'Rounds that this process ran, by their end.', jobs.rounds);
    metrics.gauge(
      'job_overdue_seconds',
      'How long the next round of a job is due, over all processes.',
      async () => (await leases()).map((lease) => overdueOf(lease, clock.now())),
    );
  }
}

/** A round under way is not overdue. */
function overdueOf({ name, dueAt, leaseUntil }: JobLease, now: number): Sample {
  const isRunning = leaseUntil > now;
  return { labels: { job: name }, value: isRunning ? 0 : Math.max(0, now - dueAt) / 1000 };
}
