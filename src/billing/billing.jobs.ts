import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobsService } from '../jobs/jobs.service.js';
import { PaymentPoller } from './payments/payment-poller.js';
import { RefundsService } from './refunds/refunds.service.js';
import { CallbackWorker } from './webhooks/callback-worker.js';

const CALLBACKS_EVERY_MS = 15_000;
const POLL_EVERY_MS = 30_000;

/** What the module does again and again. */
@Injectable()
export class BillingJobs implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly callbacks: CallbackWorker,
    private readonly poller: PaymentPoller,
    private readonly refunds: RefundsService,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'billing.callbacks',
      intervalMs: CALLBACKS_EVERY_MS,
      run: (signal) => this.callbacks.drain(signal),
    });
    this.jobs.register({
      name: 'billing.payment-poll',
      intervalMs: POLL_EVERY_MS,
      run: (signal) => this.poller.pollDue(signal),
    });
    this.jobs.register({
      name: 'billing.refund-poll',
      intervalMs: POLL_EVERY_MS,
      run: (signal) => this.refunds.pollDue(signal),
    });
  }
}
