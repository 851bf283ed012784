import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { LoginAttemptRepository } from './login-attempt.repository.js';

const HOUR_MS = 3_600_000;
const KEEP_MS = 24 * HOUR_MS;

@Injectable()
export class AttemptPurgeJob implements OnModuleInit {
  constructor(
    private readonly jobs: JobsService,
    private readonly attempts: LoginAttemptRepository,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'login-attempts-purge',
      intervalMs: HOUR_MS,
      run: () => this.attempts.purge(this.clock.now() - KEEP_MS),
    });
  }
}
