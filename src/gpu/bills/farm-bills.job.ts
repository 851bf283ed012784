import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { FarmBills } from './farm-bills.service.js';

/** Nobody waits for it, and it costs the farms a call. */
const POLLS_APART = 10;

@Injectable()
export class FarmBillsJob implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly config: AppConfig,
    private readonly providers: ProvidersService,
    private readonly bills: FarmBills,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.farm-bills',
      intervalMs: this.config.gpu.pollIntervalMs * POLLS_APART,
      run: (signal) => this.bills.settle(this.providers.configured(), signal),
    });
  }
}
