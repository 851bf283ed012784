import { setMaxListeners } from 'node:events';
import { Injectable, Logger } from '@nestjs/common';
import { withinDeadline } from '../common/abort.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { Tally } from '../common/metrics/tally.js';
import { JobRunner } from './job-runner.js';
import type { Job } from './job.js';

const STOP_TIMEOUT_MS = 10_000;
/** Rare jobs are looked at more often, so that one whose process died does not wait a whole interval more. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * The repeating work of all modules. Modules register their jobs; only the daemon's `main.ts` starts them, so that
 * tests and the admin CLI run none. Of several processes on one database one runs a job at a time.
 */
@Injectable()
export class JobsService {
  private readonly logger = new Logger(JobsService.name);
  private readonly jobs = new Map<string, Job>();
  /** Of this process. */
  readonly rounds = new Tally(['job', 'outcome']);
  private readonly running = new Set<Promise<unknown>>();
  private stopping = stopSignal();
  private isStarted = false;

  constructor(
    private readonly runner: JobRunner,
    private readonly clock: Clock,
  ) {}

  /** @throws Error when the name is taken. A job registered after the start begins at once. */
  register(job: Job): void {
    if (this.jobs.has(job.name)) throw new Error(`two jobs are called ${job.name}`);
    this.jobs.set(job.name, job);
    if (this.isStarted) this.launch(job);
  }

  /** The first round of each job comes at once, as far as it is due. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.stopping = stopSignal();
    for (const job of this.jobs.values()) this.launch(job);
  }

  /** Aborts what runs, and resolves when all of it has ended or ten seconds have passed. */
  async stop(): Promise<void> {
    this.isStarted = false;
    this.stopping.abort(new Error('the service is stopping'));
    const ended = Promise.allSettled(this.running);
    const tooLong = (): DomainError =>
      new DomainError('jobs_still_running', 503, 'Jobs did not end in time.');
    await withinDeadline(ended, STOP_TIMEOUT_MS, tooLong).catch((error: unknown) => {
      this.logger.warn({ msg: 'jobs did not end in time', err: error });
    });
  }

  /**
   * One round now, due or not: for tests and operators. What the job throws is thrown.
   * @returns false when it is under way, here or in another process
   */
  async runNow(name: string): Promise<boolean> {
    const job = this.jobs.get(name);
    if (!job) throw new Error(`there is no job ${name}; there are ${[...this.jobs.keys()].join(', ')}`);
    return this.track(this.runner.runOnce(job, this.stopping.signal, false));
  }

  private launch(job: Job): void {
    void this.track(this.repeat(job, this.stopping.signal));
  }

  private async repeat(job: Job, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.round(job, stop);
      await this.clock.sleep(Math.min(job.intervalMs, LONGEST_PAUSE_MS), stop).catch(() => undefined);
    }
  }

  private async round(job: Job, stop: AbortSignal): Promise<void> {
    try {
      if (await this.runner.runOnce(job, stop, true)) this.rounds.add(job.name, 'done');
    } catch (error) {
      this.rounds.add(job.name, 'failed');
      if (!stop.aborted) this.logger.error({ msg: 'job failed', job: job.name, err: error });
    }
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const forget = (): boolean => this.running.delete(work);
    work.then(forget, forget);
    return work;
  }
}

/** Every job listens to it, however many there are. */
function stopSignal(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
