import { Injectable, type OnModuleInit } from '@nestjs/common';
import { IdempotencyService } from '../database/idempotency.service.js';
import { JobsService } from './jobs.service.js';

const HOUR_MS = 3_600_000;

/** Idempotency keys are kept for 24 hours. */
@Injectable()
export class IdempotencyPurgeJob implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly idempotency: IdempotencyService,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'idempotency-keys-purge',
      intervalMs: HOUR_MS,
      run: async () => void (await this.idempotency.purge()),
    });
  }
}
