import { beforeAll, expect, it } from 'vitest';
import { ManualClock } from '../../src/common/clock.js';
import type { UnitOfWork } from '../../src/database/unit-of-work.js';
import { Rental } from '../../src/gpu/rentals/rental.entity.js';
import { McpSession } from '../../src/proxy/mcp/mcp-session.entity.js';
import { McpSessionRepository } from '../../src/proxy/mcp/mcp-session.repository.js';
import { McpSessions, SESSION_KEPT_MS } from '../../src/proxy/mcp/mcp-sessions.service.js';
import { User } from '../../src/users/user.entity.js';
import { onEachDatabase } from '../support/databases.js';
import { rentalOf } from '../support/rentals.js';
import { quietLogs } from '../support/running-daemon.js';
import { userOf } from '../support/users.js';

const MINUTE_MS = 60_000;

onEachDatabase('MCP sessions', { entities: [McpSession, User, Rental] }, (open) => {
  let unitOfWork: UnitOfWork;
  let clock: ManualClock;
  let here: McpSessions;
  /** Another process on the same database. */
  let there: McpSessions;

  beforeAll(async () => {
    quietLogs();
    ({ unitOfWork } = await open());
    await unitOfWork.manager.insert(User, [userOf('ada'), userOf('grace')]);
    const differences = { userId: 'ada', instanceId: 'vast-2', label: 'two' };
    await unitOfWork.manager.insert(Rental, [
      rentalOf({ id: 'r1', userId: 'ada' }),
      rentalOf({ id: 'r2', ...differences }),
    ]);
    clock = new ManualClock();
    const repository = new McpSessionRepository(unitOfWork);
    here = new McpSessions(repository, clock);
    there = new McpSessions(repository, clock);
  });

  const name = (sessionId: string, more = {}): { userId: string; pool: string; sessionId: string } => ({
    userId: 'ada',
    pool: 'tools',
    sessionId,
    ...more,
  });
  const rows = (): Promise<McpSession[]> => unitOfWork.manager.find(McpSession);

  it('are found by every process, here without asking the database', async () => {
    await here.remember(name('s1'), 'r1');
    expect(here.find(name('s1'))).toBe('r1');
    expect(there.find(name('s1'))).toBeInstanceOf(Promise);
    expect(await there.find(name('s1'))).toBe('r1');
    expect(there.find(name('s1'))).toBe('r1');
  });

  it('belong to one owner and one pool', async () => {
    await here.remember(name('s2'), 'r1');
    for (const sessions of [here, there]) {
      expect(await sessions.find(name('s2', { userId: 'grace' }))).toBeUndefined();
      expect(await sessions.find(name('s2', { pool: 'other' }))).toBeUndefined();
      expect(await sessions.find(name('s3'))).toBeUndefined();
    }
    await here.forget(name('s2', { userId: 'grace' }));
    expect(await there.find(name('s2'))).toBe('r1');
  });

  it('move when a server gives the same id again', async () => {
    await here.remember(name('again'), 'r1');
    await here.remember(name('again'), 'r2');
    expect(await there.find(name('again'))).toBe('r2');
  });

  it('are kept as hashes: the id is a secret of its two ends', async () => {
    await here.remember(name('very-secret'), 'r1');
    expect(JSON.stringify(await rows())).not.toContain('very-secret');
  });

  it('are forgotten everywhere but in what a process remembers', async () => {
    await here.remember(name('s4'), 'r1');
    await here.forget(name('s4'));
    expect(await here.find(name('s4'))).toBeUndefined();
    expect(await there.find(name('s4'))).toBeUndefined();
  });

  it('are purged a day after their last use, which is written down every ten minutes', async () => {
    await unitOfWork.manager.clear(McpSession);
    await here.remember(name('used'), 'r1');
    await here.remember(name('idle'), 'r1');
    const before = await rows();
    clock.advance(9 * MINUTE_MS);
    await here.find(name('used'));
    expect(await rows()).toEqual(before);
    clock.advance(MINUTE_MS);
    await here.find(name('used'));
    await expect
      .poll(async () => (await rows()).map(({ lastUsedAt }) => lastUsedAt).toSorted())
      .toEqual([clock.now() - 10 * MINUTE_MS, clock.now()]);
    clock.advance(SESSION_KEPT_MS - 5 * MINUTE_MS);
    expect(await here.purge()).toBe(1);
    expect(await there.find(name('used'))).toBe('r1');
  });

  it('go with the row of their rental', async () => {
    await here.remember(name('s5'), 'r2');
    await unitOfWork.manager.delete(Rental, { id: 'r2' });
    expect(await there.find(name('s5'))).toBeUndefined();
  });

  it('work on in this process when they cannot be stored', async () => {
    await here.remember(name('unstored'), 'no-such-rental');
    expect(here.find(name('unstored'))).toBe('no-such-rental');
  });
});
