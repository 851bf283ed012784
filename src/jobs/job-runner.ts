import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { newId } from '../common/id.js';
import { JobLeaseRepository } from './job-lease.repository.js';
import type { Job } from './job.js';

/** How long a process may be silent before another takes its job over. */
export const JOB_LEASE_MS = 30_000;
const RENEW_EVERY_MS = JOB_LEASE_MS / 3;
/** Timers and clocks of two processes differ a little; without slack every other round would come too early. */
const MOST_SLACK_MS = 1000;

/** Runs one round of a job under its lease. */
@Injectable()
export class JobRunner {
  private readonly logger = new Logger(JobRunner.name);

  constructor(
    private readonly leases: JobLeaseRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * @param stop aborts the round
   * @returns false when the round is not due, or is under way elsewhere
   */
  async runOnce(job: Job, stop: AbortSignal, onlyIfDue: boolean): Promise<boolean> {
    const { name } = job;
    const runId = newId();
    const now = this.clock.now();
    const isOurs = await this.leases.acquire({ name, runId, now, leaseUntil: now + JOB_LEASE_MS, onlyIfDue });
    if (!isOurs) return false;
    try {
      await this.runLeased(job, runId, stop);
      return true;
    } finally {
      const slackMs = Math.min(MOST_SLACK_MS, job.intervalMs / 10);
      await this.leases.finish(name, runId, Math.floor(now + job.intervalMs - slackMs));
    }
  }

  private async runLeased(job: Job, runId: string, stop: AbortSignal): Promise<void> {
    const lost = new AbortController();
    const over = new AbortController();
    const renewing = this.keepLease(job.name, runId, lost, over.signal);
    try {
      await job.run(AbortSignal.any([stop, lost.signal]));
    } finally {
      over.abort();
      await renewing;
    }
  }

  /** Ends when the run is over, or with `lost` aborted. */
  private async keepLease(
    name: string,
    runId: string,
    lost: AbortController,
    over: AbortSignal,
  ): Promise<void> {
    let leaseUntil = this.clock.now() + JOB_LEASE_MS;
    while (await this.pause(over)) {
      const now = this.clock.now();
      const answer = await this.renew(name, runId, now + JOB_LEASE_MS);
      if (answer === 'renewed') leaseUntil = now + JOB_LEASE_MS;
      if (answer === 'lost' || leaseUntil <= now) return this.giveUp(name, lost);
    }
  }

  private giveUp(name: string, lost: AbortController): void {
    this.logger.warn({ msg: 'job lost its lease', job: name });
    lost.abort(new Error(`job ${name} lost its lease`));
  }

  private async renew(name: string, runId: string, until: number): Promise<'renewed' | 'lost' | 'unknown'> {
    try {
      return (await this.leases.renew(name, runId, until)) ? 'renewed' : 'lost';
    } catch (error) {
      this.logger.warn({ msg: 'job lease not renewed', job: name, err: error });
      return 'unknown';
    }
  }

  /** False when the run is over. */
  private async pause(over: AbortSignal): Promise<boolean> {
    try {
      await this.clock.sleep(RENEW_EVERY_MS, over);
      return true;
    } catch (error) {
      if (over.aborted) return false;
      throw error;
    }
  }
}
