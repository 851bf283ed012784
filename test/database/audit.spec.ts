import { beforeEach, expect, it } from 'vitest';
import { MIGRATIONS } from '../../migrations/index.js';
import type { AuditEvent } from '../../src/audit/audit-event.js';
import { AuditRepository } from '../../src/audit/audit.repository.js';
import { ConfigurationRecord } from '../../src/audit/configuration-record.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { Resealer } from '../../src/secrets/resealer.js';
import { SEALED_COLUMNS } from '../../src/secrets/sealed-columns.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { ANN, AUDIT_ENTITIES, AuditDesk } from './audit-fixture.js';

const DAY_MS = 24 * 3_600_000;

const event = (extra: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'login.succeeded',
  origin: ANN,
  ...extra,
});

onEachDatabase('the audit log', { entities: AUDIT_ENTITIES }, (open, kind) => {
  let database: TestDatabase;
  let desk: AuditDesk;

  beforeEach(async () => {
    database = await open();
    desk = new AuditDesk(database.unitOfWork);
  });

  /** As an intruder with the database's own password would, triggers out of the way. */
  async function tamper(statement: string): Promise<void> {
    const { dataSource } = database;
    if (kind === 'postgres') await dataSource.query('ALTER TABLE audit_entries DISABLE TRIGGER ALL');
    else
      for (const verb of ['update', 'delete'])
        await dataSource.query(`DROP TRIGGER "trg_audit_entries_no_${verb}"`);
    await dataSource.query(statement);
  }

  it('tells who did what, from where and in which request', async () => {
    await desk.log.record(event({ target: 'session:1', details: { method: 'password' } }));
    const { rows } = await desk.reader.page({}, {});
    expect(rows[0].entry).toMatchObject({
      seq: 1,
      action: 'login.succeeded',
      result: 'ok',
      actorKind: 'user',
      actorId: 'ann',
      credential: 'jwt',
      credentialId: 'login-1',
      subjectId: 'ann',
      target: 'session:1',
      requestId: 'request-1',
      details: '{"method":"password"}',
    });
    expect(rows[0].personal).toEqual({ ip: '203.0.113.7', user_agent: 'canary-agent' });
  });

  it('stores nothing personal in the clear, and no secret at all', async () => {
    const key = 'gpx_live_canary0123456789';
    const details = {
      password: 'canary',
      nested: { client_secret: 'canary', note: `with ${key}` },
      card: '4242 4242 4242 4242',
    };
    await desk.log.record(event({ details, personal: { email: 'canary@example.com' } }));
    const dump = JSON.stringify(await database.dataSource.query('SELECT * FROM audit_entries'));
    expect(dump).not.toMatch(/canary|203\.0\.113\.7|4242/);
    expect((await desk.reader.page({}, {})).rows[0].personal).toMatchObject({ email: 'canary@example.com' });
  });

  it('is chained, and keeps one chain however many write at once', async () => {
    const other = createDataSource(database.config, { entities: AUDIT_ENTITIES, migrations: MIGRATIONS });
    await other.initialize();
    const desks = [desk, new AuditDesk(new UnitOfWork(other), desk.clock)];
    const writes = Array.from({ length: 60 }, (_, index) => desks[index % 2].log.record(event()));
    await Promise.all(writes);
    await other.destroy();
    expect(await desk.verifier.verify()).toMatchObject({ isIntact: true, entries: 60 });
  });

  it('goes with the transaction of what it tells about', async () => {
    const failing = database.unitOfWork.run(async (manager) => {
      await desk.log.append(event(), manager);
      throw new Error('the action failed');
    });
    await expect(failing).rejects.toThrow('the action failed');
    await desk.log.record([event(), event({ action: 'session.ended' })]);
    expect(await desk.verifier.verify()).toMatchObject({ isIntact: true, entries: 2 });
  });

  it('never goes back in time', async () => {
    await desk.log.record(event());
    desk.clock.advance(-DAY_MS);
    await desk.log.record(event());
    const { rows } = await desk.reader.page({}, {});
    expect(rows[0].entry.at).toBe(rows[1].entry.at);
  });

  it.each([
    "UPDATE audit_entries SET action = 'x'",
    'DELETE FROM audit_entries',
    'UPDATE audit_head SET seq = 0',
    'DELETE FROM audit_head',
  ])('cannot be changed: %s', async (statement) => {
    await desk.log.record(event());
    await expect(database.dataSource.query(statement)).rejects.toThrow(/append-only|never goes back/);
  });

  it.each([
    ["UPDATE audit_entries SET details = '{}' WHERE seq = 2", 2, 'was changed'],
    ['UPDATE audit_entries SET personal = NULL, personal_key_id = NULL WHERE seq = 3', 3, 'was changed'],
    ['DELETE FROM audit_entries WHERE seq = 2', 2, 'an entry is missing'],
    ['DELETE FROM audit_entries WHERE seq = 3', 3, 'entries are missing at the end'],
  ])('notices %s', async (statement, seq, problem) => {
    await desk.log.record([event(), event({ details: { a: 1 } }), event()]);
    await tamper(statement);
    expect(await desk.verifier.verify()).toMatchObject({ isIntact: false, firstBreak: { seq, problem } });
  });

  it('notices a change of any column', async () => {
    await desk.log.record(event({ target: 'session:1' }));
    await tamper('SELECT 1');
    const { dataSource } = database;
    const [row] = await dataSource.query<Record<string, string | number>[]>('SELECT * FROM audit_entries');
    const others: Record<string, string | number> = {
      at: 1,
      result: 'failed',
      actor_kind: 'system',
      details: '{ }',
    };
    for (const column of Object.keys(row).filter((name) => !['seq', 'prev_hash', 'hash'].includes(name))) {
      const set = (value: string | number): Promise<unknown> =>
        dataSource.query(`UPDATE audit_entries SET "${column}" = '${value}'`);
      await set(others[column] ?? 'x');
      expect([column, (await desk.verifier.verify()).firstBreak?.problem]).toEqual([column, 'was changed']);
      await set(row[column]);
    }
    expect((await desk.verifier.verify()).isIntact).toBe(true);
  });

  it('notices a chain made anew, when its hash was written down elsewhere', async () => {
    await desk.log.record([event(), event()]);
    const { entries: seq, lastHash: hash } = await desk.verifier.verify();
    await desk.log.record(event());
    expect(await desk.verifier.verify({ seq, hash })).toMatchObject({ isIntact: true });
    const elsewhere = { seq, hash: 'f'.repeat(64) };
    expect(await desk.verifier.verify(elsewhere)).toMatchObject({ isIntact: false, firstBreak: { seq } });
  });

  it('forgets a person without a break, and the others stay readable', async () => {
    const bob = { ...ANN, actorId: 'bob', ip: '203.0.113.8' };
    await desk.log.record([event(), event({ origin: bob })]);
    await desk.vault.forget('ann');
    const { rows } = await desk.reader.page({}, {});
    expect(rows.map(({ personal }) => personal?.ip)).toEqual(['203.0.113.8', undefined]);
    expect(await desk.verifier.verify()).toMatchObject({ isIntact: true, entries: 2 });
    await desk.log.record(event());
    expect((await desk.reader.page({}, { limit: 1 })).rows[0].personal?.ip).toBe('203.0.113.7');
  });

  it('forgets what is old, month by month', async () => {
    await desk.log.record(event({ origin: { actorKind: 'anonymous', ip: '203.0.113.9' } }));
    desk.clock.advance(62 * DAY_MS);
    await desk.log.record(event());
    expect(await desk.vault.forgetBefore(desk.clock.now() - 31 * DAY_MS)).toBe(1);
    const { rows } = await desk.reader.page({}, {});
    expect(rows.map(({ personal }) => personal?.ip)).toEqual(['203.0.113.7', undefined]);
    expect((await desk.verifier.verify()).isIntact).toBe(true);
  });

  it('is read in pages, filtered, and by its subject alone', async () => {
    const admin = { ...ANN, actorId: 'root' };
    await desk.log.record([
      event(),
      event({ action: 'session.ended' }),
      event({ origin: admin, subjectId: 'ann', action: 'user.viewed' }),
      event({
        origin: { actorKind: 'anonymous', ip: '198.51.100.1' },
        subjectId: 'ann',
        action: 'login.failed',
      }),
      event({ origin: admin, action: 'ledger.viewed' }),
    ]);
    const actions = (page: Awaited<ReturnType<typeof desk.reader.page>>): string[] =>
      page.rows.map(({ entry }) => entry.action);
    const first = await desk.reader.pageOf('ann', {}, { limit: 3 });
    expect(actions(first)).toEqual(['login.failed', 'user.viewed', 'session.ended']);
    expect(first.rows.map(({ personal }) => personal?.ip)).toEqual([
      '198.51.100.1',
      undefined,
      '203.0.113.7',
    ]);
    const rest = await desk.reader.pageOf('ann', {}, { limit: 3, cursor: first.nextCursor ?? '' });
    expect(actions(rest)).toEqual(['login.succeeded']);
    expect(rest.nextCursor).toBeNull();
    expect(actions(await desk.reader.page({ actorId: 'root' }, {}))).toEqual([
      'ledger.viewed',
      'user.viewed',
    ]);
    expect(actions(await desk.reader.page({ action: 'login.failed' }, {}))).toEqual(['login.failed']);
    await expect(desk.reader.page({}, { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
  });

  it('shows the rest where the master key is not set', async () => {
    await desk.log.record(event());
    const stranger = new AuditDesk(database.unitOfWork, desk.clock, 'another key');
    expect((await stranger.reader.page({}, {})).rows[0].personal).toBeUndefined();
    expect((await stranger.verifier.verify()).isIntact).toBe(true);
    const renewed = new AuditDesk(database.unitOfWork, desk.clock, 'another key', ['a key of the tests']);
    expect((await renewed.reader.page({}, {})).rows[0].personal?.ip).toBe('203.0.113.7');
  });

  it('has the configuration of a start when it is another than before, without its secrets', async () => {
    const start = async (env: Record<string, string>): Promise<void> => {
      const config = loadConfig({ JWT_SECRET: 'k3'.repeat(20), ...env });
      const repository = new AuditRepository(database.unitOfWork);
      await new ConfigurationRecord(config, repository, desk.log, desk.box).compare();
    };
    const canary = 'sk_canary_0123456789abcdef';
    await start({ VASTAI_API_KEY: canary });
    await start({ VASTAI_API_KEY: canary });
    await start({ VASTAI_API_KEY: `${canary}2`, LB_STRATEGY: 'least_connections' });
    const { rows } = await desk.reader.page({ action: 'configuration.changed' }, {});
    const changes = rows.map(({ entry }) => (JSON.parse(entry.details) as { changed: string[] }).changed);
    expect(changes).toEqual([['loadBalancer.strategy', 'providers.vastAi.apiKey'], ['first start']]);
    expect(JSON.stringify(rows)).not.toMatch(/canary|k3k3/);
  });

  it('seals all secrets anew with another key, and nothing else is left of the old one', async () => {
    await desk.log.record(event());
    const renewed = new AuditDesk(database.unitOfWork, desk.clock, 'another key', ['a key of the tests']);
    const resealer = new Resealer(database.unitOfWork, renewed.box);
    expect(await resealer.run()).toMatchObject({
      'personal_keys.key_sealed': 1,
      'pools.upstream_headers_sealed': 0,
    });
    expect(await resealer.run()).toMatchObject({ 'personal_keys.key_sealed': 0 });
    const without = new AuditDesk(database.unitOfWork, desk.clock, 'another key');
    expect((await without.reader.page({}, {})).rows[0].personal?.ip).toBe('203.0.113.7');
    expect((await desk.reader.page({}, {})).rows[0].personal).toBeUndefined();
  });

  it('knows every sealed column', async () => {
    const query =
      kind === 'sqlite'
        ? `SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`
        : `SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'`;
    const columns = await database.dataSource.query<{ t: string; c: string }[]>(query);
    const sealed = columns.filter(({ c }) => c.includes('sealed')).map(({ t, c }) => `${t}.${c}`);
    // Under a key of its person, which is sealed itself.
    const known = [
      ...SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`),
      'account_deletions.identity_sealed',
    ];
    expect(sealed.toSorted()).toEqual(known.toSorted());
  });
});
