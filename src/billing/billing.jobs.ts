import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Job } from '../jobs/job.js';
import { JobsService } from '../jobs/jobs.service.js';
import { PaymentPoller } from './payments/payment-poller.js';
import { ClearingCheck } from './reconciliation/clearing-check.js';
import { RefundsService } from './refunds/refunds.service.js';
import { RenewalRunner } from './renewals/renewal-runner.js';
import { CallbackWorker } from './webhooks/callback-worker.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Call-backs that nobody was nudged for. */
@Injectable()
export class CallbackJob implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly worker: CallbackWorker,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'billing.callbacks',
      intervalMs: 15 * SECOND_MS,
      run: (signal) => this.worker.drain(signal),
    });
  }
}

/** What the module does again and again, besides. */
@Injectable()
export class BillingJobs implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly poller: PaymentPoller,
    private readonly refunds: RefundsService,
    private readonly renewals: RenewalRunner,
    private readonly clearing: ClearingCheck,
  ) {}

  onModuleInit(): void {
    const chores: Job[] = [
      {
        name: 'billing.payment-poll',
        intervalMs: 30 * SECOND_MS,
        run: (signal) => this.poller.pollDue(signal),
      },
      {
        name: 'billing.refund-poll',
        intervalMs: 30 * SECOND_MS,
        run: (signal) => this.refunds.pollDue(signal),
      },
      { name: 'billing.auto-renew', intervalMs: MINUTE_MS, run: (signal) => this.renewals.run(signal) },
      { name: 'billing.clearing-check', intervalMs: DAY_MS, run: (signal) => this.clearing.run(signal) },
    ];
    for (const chore of chores) this.jobs.register(chore);
  }
}
