import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { JobsService } from '../jobs/jobs.service.js';
import { HoldExpiry } from './ledger/hold-expiry.js';
import { BlockReaper } from './requests/block-reaper.js';
import { RentalTickService } from './metering/rental-tick.service.js';

const EXPIRE_EVERY_MS = 10_000;

/** What the module does again and again. */
@Injectable()
export class CreditsJobs implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly ticks: RentalTickService,
    private readonly expiry: HoldExpiry,
    private readonly reaper: BlockReaper,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'credits.rental-ticks',
      intervalMs: this.config.billing.tickMs,
      run: (signal) => this.ticks.tickAll(signal),
    });
    this.jobs.register({
      name: 'credits.hold-expiry',
      intervalMs: EXPIRE_EVERY_MS,
      run: (signal) => this.expiry.expireDue(signal),
    });
    this.jobs.register({
      name: 'credits.orphaned-blocks',
      intervalMs: EXPIRE_EVERY_MS,
      run: (signal) => this.reaper.reapAll(signal),
    });
  }
}
