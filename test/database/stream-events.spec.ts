import { beforeEach, expect, it } from 'vitest';
import { ManualClock } from '../../src/common/clock.js';
import type { JobsService } from '../../src/jobs/jobs.service.js';
import { EventLog } from '../../src/streaming/event-log.js';
import { StreamEvent, StreamPosition } from '../../src/streaming/stream-event.entity.js';
import { User } from '../../src/users/user.entity.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { userOf } from '../support/users.js';

const HOUR_MS = 3_600_000;

onEachDatabase('the log of events', { entities: [User, StreamEvent, StreamPosition] }, (open) => {
  let database: TestDatabase;
  let clock: ManualClock;
  let prune: () => Promise<void>;
  let log: EventLog;

  const anotherLog = (): EventLog => {
    const jobs = { register: (job: { run(): Promise<void> }) => (prune = () => job.run()) };
    const made = new EventLog(database.unitOfWork, clock, jobs as unknown as JobsService);
    made.onModuleInit();
    return made;
  };
  const state = (name: string): Promise<StreamEvent | undefined> =>
    log.append({ userId: 'u', channel: 'credits', isState: true, data: { name, amount: 1.5 } });

  beforeEach(async () => {
    database = await open();
    clock = new ManualClock();
    log = anotherLog();
    await database.unitOfWork.manager.insert(User, userOf('u'));
  });

  it('tells a state that comes back, and none twice in a row', async () => {
    const told: (number | undefined)[] = [];
    for (const name of ['a', 'a', 'b', 'b', 'a']) told.push((await state(name))?.seq);
    expect(told).toEqual([1, undefined, 2, undefined, 3]);
    await log.append({ userId: 'u', channel: 'credits', data: { name: 'credits.low' } });
    expect(await state('a')).toBeUndefined();
    expect(await log.position('u', 'credits')).toBe(4);
  });

  it('tells a state once that two processes notice at the same time', async () => {
    const logs = [log, anotherLog()];
    const data = { name: 'credits.updated', credits_remaining: 99 };
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        logs[index % 2].append({ userId: 'u', channel: 'credits', isState: true, data }),
      ),
    );
    expect(await log.since('u', 'credits', 0)).toHaveLength(1);
  });

  it('numbers without gaps what several processes write at once', async () => {
    const logs = [log, anotherLog()];
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        logs[index % 2].append({ userId: 'u', channel: 'rentals', data: { index } }),
      ),
    );
    const numbers = (await log.since('u', 'rentals', 0)).map(({ seq }) => seq);
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it('knows how far back it reaches, and where all channels stand', async () => {
    const write = (): Promise<unknown> => log.append({ userId: 'u', channel: 'rentals', data: {} });
    for (let count = 0; count < 3; count += 1) await write();
    clock.advance(HOUR_MS + 1);
    await write();
    await prune();
    expect(await log.reachesBackTo('u', 'rentals', 2)).toBe(false);
    expect(await log.reachesBackTo('u', 'rentals', 3)).toBe(true);
    const ids = [
      'u/rentals',
      'u/payments',
      ...Array.from({ length: 900 }, (_, index) => `x${index}/rentals`),
    ];
    expect([...(await log.positions(ids))]).toEqual([['u/rentals', 4]]);
  });
});
