import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { AppConfig } from '../config/config.js';
import { JobsService } from '../jobs/jobs.service.js';
import { SESSION_STORE, type SessionStore } from './session-store.js';

const HOUR_MS = 3_600_000;
/** Ended sessions stay for a while, for whoever looks into what happened to an account. */
@Injectable()
export class SessionPurgeJob implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    @Inject(SESSION_STORE) private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'sessions-purge',
      intervalMs: HOUR_MS,
      run: () => this.purge(),
    });
  }

  private async purge(): Promise<void> {
    await this.store.purge(this.clock.now() - this.config.privacy.sessionRetentionMs);
  }
}
