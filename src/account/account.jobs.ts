import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobsService } from '../jobs/jobs.service.js';
import { AccountEraser } from './deletion/account-eraser.js';
import { Retention } from './retention/retention.service.js';

const MINUTE_MS = 60_000;

/** What the module does again and again. */
@Injectable()
export class AccountJobs implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly eraser: AccountEraser,
    private readonly retention: Retention,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'account.erasure',
      intervalMs: 10 * MINUTE_MS,
      run: (signal) => this.eraser.eraseDue(signal),
    });
    this.jobs.register({
      name: 'account.retention',
      intervalMs: 60 * MINUTE_MS,
      run: (signal) => this.retention.apply(signal),
    });
  }
}
