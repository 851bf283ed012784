import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { JobsAndIdempotency1764000000010 } from '../../migrations/1764000000010-jobs-and-idempotency.js';
import { ManualClock } from '../../src/common/clock.js';
import { JobLease } from '../../src/jobs/job-lease.entity.js';
import { JobLeaseRepository } from '../../src/jobs/job-lease.repository.js';
import { JOB_LEASE_MS, JobRunner } from '../../src/jobs/job-runner.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { gate } from '../support/gate.js';

const schema = { entities: [JobLease], migrations: [JobsAndIdempotency1764000000010] };
const MINUTE_MS = 60_000;

// Failures are provoked here; their log lines would only be noise.
Logger.overrideLogger(false);

onEachDatabase('jobs', schema, (open) => {
  let database: TestDatabase;
  let clock: ManualClock;
  let processes: JobsService[];

  beforeEach(async () => {
    database = await open();
    clock = new ManualClock();
    processes = [];
  });

  afterEach(async () => {
    await Promise.all(processes.map((service) => service.stop()));
    await database.close();
  });

  /** As another process would have it: nothing shared but the database and the time. */
  const newProcess = (run: (signal: AbortSignal) => Promise<void>, intervalMs = MINUTE_MS): JobsService => {
    const runner = new JobRunner(new JobLeaseRepository(database.unitOfWork), clock);
    const service = new JobsService(runner, clock);
    service.register({ name: 'count-things', intervalMs, run });
    processes.push(service);
    return service;
  };

  /** Moves the clock again and again until what is awaited has happened. */
  const advanceUntil = (stepMs: number, assertion: () => void): Promise<void> =>
    vi.waitFor(() => {
      clock.advance(stepMs);
      assertion();
    });

  const leaseIsFree = (): Promise<void> =>
    vi.waitFor(async () => {
      const lease = await database.unitOfWork.manager.findOneByOrFail(JobLease, { name: 'count-things' });
      expect(lease.runId).toBeNull();
    });

  it('runs nothing before the start', async () => {
    const run = vi.fn(async () => undefined);
    newProcess(run);
    clock.advance(MINUTE_MS);
    expect(run).not.toHaveBeenCalled();
  });

  it('runs at the start and then at every interval', async () => {
    const run = vi.fn(async () => undefined);
    newProcess(run).start();
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(1));
    await advanceUntil(MINUTE_MS, () => expect(run.mock.calls.length).toBeGreaterThanOrEqual(3));
  });

  it('runs a job in one process at a time', async () => {
    let running = 0;
    let most = 0;
    const mayEnd = gate();
    const run = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await mayEnd.opened;
      running--;
    };
    const all = [newProcess(run), newProcess(run), newProcess(run)];
    const rounds = all.map((service) => service.runNow('count-things'));
    await vi.waitFor(() => expect(running).toBe(1));
    const refused = await Promise.any(rounds.map(async (round) => (await round) === false));
    mayEnd.open();
    const outcomes = await Promise.all(rounds);
    expect([refused, most, outcomes.filter(Boolean).length]).toEqual([true, 1, 1]);
  });

  it('runs once an interval over all processes together', async () => {
    const run = vi.fn(async () => undefined);
    const [first, second] = [newProcess(run), newProcess(run)];
    first.start();
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(1));
    await leaseIsFree();
    second.start();
    clock.advance(MINUTE_MS / 2);
    await second.stop();
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('is taken over when its process dies', async () => {
    const now = clock.now();
    const leaseUntil = now + JOB_LEASE_MS;
    await database.unitOfWork.manager.insert(JobLease, {
      name: 'count-things',
      runId: 'of-the-dead',
      leaseUntil,
      dueAt: now,
    });
    const heir = newProcess(async () => undefined);
    expect(await heir.runNow('count-things')).toBe(false);
    clock.advance(JOB_LEASE_MS);
    expect(await heir.runNow('count-things')).toBe(true);
  });

  it('keeps its lease while it runs', async () => {
    const mayEnd = gate();
    const started = gate();
    const working = newProcess(async () => (started.open(), mayEnd.opened)).runNow('count-things');
    await started.opened;
    const other = newProcess(async () => undefined);
    for (let step = 0; step < 6; step++) {
      await vi.waitFor(async () => {
        const lease = await database.unitOfWork.manager.findOneByOrFail(JobLease, { name: 'count-things' });
        expect(lease.leaseUntil).toBeGreaterThan(clock.now() + JOB_LEASE_MS / 2);
      });
      clock.advance(JOB_LEASE_MS / 3);
    }
    expect(await other.runNow('count-things')).toBe(false);
    mayEnd.open();
    expect(await working).toBe(true);
  });

  it('is told when it lost its lease, and cannot harm the one that has it', async () => {
    const lost = gate();
    const mayEnd = gate();
    const started = gate();
    const sleeper = newProcess(async (signal) => {
      signal.addEventListener('abort', lost.open);
      started.open();
      await mayEnd.opened;
    }).runNow('count-things');
    await started.opened;
    const stolen = { runId: 'another', leaseUntil: clock.now() + 10 * JOB_LEASE_MS };
    await database.unitOfWork.manager.update(JobLease, { name: 'count-things' }, stolen);
    clock.advance(JOB_LEASE_MS / 3);
    await lost.opened;
    mayEnd.open();
    await sleeper;
    const lease = await database.unitOfWork.manager.findOneByOrFail(JobLease, { name: 'count-things' });
    expect(lease).toMatchObject(stolen);
  });

  it('goes on after an error', async () => {
    const run = vi.fn(() => Promise.reject(new Error('this round failed')));
    newProcess(run).start();
    await advanceUntil(MINUTE_MS, () => expect(run.mock.calls.length).toBeGreaterThanOrEqual(2));
  });

  it('throws what the job throws when it is run by hand', async () => {
    const failing = newProcess(() => Promise.reject(new Error('this round failed')));
    await expect(failing.runNow('count-things')).rejects.toThrow('this round failed');
    await leaseIsFree();
  });

  it('aborts what runs when it stops, waits for its end, and runs no more', async () => {
    const events: string[] = [];
    const started = gate();
    const service = newProcess(async (signal) => {
      started.open();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await database.unitOfWork.manager.count(JobLease);
      events.push('job ended');
    });
    service.start();
    await started.opened;
    await service.stop();
    events.push('stopped');
    clock.advance(10 * MINUTE_MS);
    expect(events).toEqual(['job ended', 'stopped']);
    await leaseIsFree();
  });

  it('refuses two jobs of one name and unknown names', async () => {
    const service = newProcess(async () => undefined);
    const twin = { name: 'count-things', intervalMs: 1, run: async (): Promise<void> => undefined };
    expect(() => service.register(twin)).toThrow('two jobs are called count-things');
    await expect(service.runNow('nothing')).rejects.toThrow('there is no job nothing');
  });
});
