import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditListView } from '../../src/audit/audit.view.js';
import { AuditNotes } from '../../src/audit/audit-notes.js';
import { AuditVerifier } from '../../src/audit/audit-verifier.js';
import { BELONGINGS, KEPT_TABLES, TRACES } from '../../src/account/deletion/user-rows.js';
import { newId } from '../../src/common/id.js';
import { AccountSettings } from '../../src/credits/ledger/account-settings.js';
import { LedgerVerifier } from '../../src/credits/ledger/ledger-verifier.js';
import { Rental } from '../../src/gpu/rentals/rental.entity.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { RentalMeter } from '../../src/credits/metering/rental-meter.entity.js';
import { UsersService } from '../../src/users/users.service.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { rentalOf } from '../support/rentals.js';
import { AccountApp, AGENT, PASSWORD, type Person } from './account-fixture.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const CREDIT = 1_000_000;

onEachDatabase('accounts', { entities: [] }, (open) => {
  let database: TestDatabase;
  let app: AccountApp;
  beforeAll(async () => {
    database = await open();
    app = await AccountApp.start(database);
  });
  afterAll(() => app.close());

  const manager = () => app.billing.app.get(UnitOfWork).manager;
  const books = async () => ({
    ledger: (await app.billing.app.get(LedgerVerifier).verify()).isIntact,
    audit: (await app.billing.app.get(AuditVerifier).verify()).isIntact,
  });
  const remove = (person: Person, password = PASSWORD) =>
    person.login.send<{ code?: string; erase_at?: string; owed_credits?: number }>('DELETE', '/api/v1/user', {
      current_password: password,
    });

  /** Somebody with something in every corner. */
  async function busyPerson(name: string, ip: string): Promise<Person> {
    const person = await app.signUp(name, ip);
    const customer = { userId: person.id, api: person.key };
    await app.billing.paid(customer, 20);
    await person.key.post('/api/v1/gpu/pools', { name: 'mine', upstream_headers: { 'x-token': 'hidden' } });
    await app.billing.spend(customer, 1);
    const ended = { state: 'destroyed', settledAt: 1, endedAt: 1, contractGoneAt: 1 } as const;
    const id = newId();
    const rental = rentalOf({ id, userId: person.id, label: id, contractId: id, instanceId: id, ...ended });
    await manager().insert(Rental, rental);
    return person;
  }

  describe('export', () => {
    it('holds everything, and nothing that opens anything', async () => {
      const ann = await busyPerson('export-ann', '198.51.100.11');
      await busyPerson('export-bob', '198.51.100.12');
      const { status, body } = await ann.login.get<Record<string, never[]>>('/api/v1/user/export');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        profile: { email: ann.email, name: 'export-ann Lastname' },
        api_keys: [{ name: 'key of export-ann' }],
        sessions: [{ ip: '198.51.100.11', user_agent: AGENT }],
        credits: { credits_remaining: 19 },
        payments: [{ amount: 20, status: 'completed' }],
        rentals: [{ state: 'destroyed' }],
        pools: [{ name: 'default' }, { name: 'mine' }],
      });
      expect(body.credit_entries).toHaveLength(2);
      const actions = (body.audit as { action: string }[]).map(({ action }) => action);
      expect(actions).toContain('account.exported');
      expect(actions).toContain('payment.completed');
      const text = JSON.stringify(body);
      expect(text).not.toMatch(
        /export-bob|hidden|canary of a password|password_hash|hmac|bcrypt|gpx_test_\w{20}/,
      );
    });

    it('is one line a row when asked', async () => {
      const person = await app.signUp('export-lines', '198.51.100.13');
      const { body, headers } = await person.login.get<string>('/api/v1/user/export?format=ndjson');
      expect(headers.get('content-type')).toBe('application/x-ndjson');
      const lines = body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { section: string });
      expect(lines[0]).toMatchObject({ section: 'profile', data: { email: person.email } });
      expect(lines.every(({ section }) => section !== undefined)).toBe(true);
    });

    it('needs a fresh login', async () => {
      const person = await app.signUp('export-late', '198.51.100.14');
      expect((await person.key.get('/api/v1/user/export')).status).toBe(403);
      app.billing.clock.advance(5 * MINUTE_MS + 1);
      const late = await person.login.get<{ code: string }>('/api/v1/user/export');
      expect([late.status, late.body.code]).toEqual([401, 'reauthentication_required']);
    });
  });

  describe('deletion', () => {
    it('is refused with a wrong password', async () => {
      const person = await app.signUp('wrong-password', '198.51.100.21');
      expect((await remove(person, 'another password')).status).toBe(401);
      expect((await person.login.get('/api/v1/user/audit')).status).toBe(200);
    });

    it('is refused while something runs', async () => {
      const person = await app.signUp('renter', '198.51.100.22');
      const id = newId();
      await manager().insert(
        Rental,
        rentalOf({ id, userId: person.id, label: id, instanceId: id, settledAt: null }),
      );
      const { status, body } = await remove(person);
      expect([status, body.code]).toEqual([409, 'rentals_running']);
      await manager().update(Rental, { id }, { settledAt: 1 });
      expect((await remove(person)).status).toBe(200);
    });

    it('is refused while money is owed', async () => {
      const person = await app.signUp('debtor', '198.51.100.23');
      await app.billing.app.get(AccountSettings).setCap(person.id, 5 * CREDIT);
      await app.billing.spend({ userId: person.id, api: person.key }, 2);
      const { status, body } = await remove(person);
      expect([status, body.code, body.owed_credits]).toEqual([409, 'money_owed', 2]);
    });

    it('is refused to the last administrator', async () => {
      const person = await app.signUp('only-admin', '198.51.100.24');
      await app.billing.app.get(UsersService).makeAdmin(person.email);
      expect((await remove(person)).body.code).toBe('last_admin');
    });

    it('leaves no trace of a person but in sealed form, at once, and the books as they were', async () => {
      const person = await busyPerson('leaver', '198.51.100.25');
      await app.billing.app
        .get(UnitOfWork)
        .manager.query(`UPDATE rental_meters SET ip = '198.51.100.25' WHERE user_id = '${person.id}'`);
      expect(await app.found(person.email, 'leaver Lastname', '198.51.100.25')).toHaveLength(3);
      expect(await books()).toEqual({ ledger: true, audit: true });
      expect((await remove(person)).status).toBe(200);
      expect(await app.found(person.email, 'leaver Lastname', '198.51.100.25')).toEqual([]);
      expect(await books()).toEqual({ ledger: true, audit: true });
      expect((await person.login.get('/api/v1/user/audit')).status).toBe(401);
      expect((await person.key.get('/api/v1/credits')).status).toBe(401);
      await expect(app.logIn(person.email, '198.51.100.26')).rejects.toThrow('invalid_credentials');
    });

    it('can be undone for a week', async () => {
      const person = await busyPerson('undo', '198.51.100.27');
      await remove(person);
      const restore = (password: string) =>
        app.send<{ code?: string }>(
          'POST',
          'user/restore',
          { email: person.email, password },
          { ip: '198.51.100.27' },
        );
      expect((await restore('another password')).body.code).toBe('invalid_credentials');
      app.billing.clock.advance(6 * DAY_MS);
      await app.run('account.erasure');
      expect((await restore(PASSWORD)).status).toBe(200);
      expect((await restore(PASSWORD)).status).toBe(401);
      expect((await person.key.get('/api/v1/credits')).status).toBe(200);
      expect((await person.login.get('/api/v1/user/audit')).status).toBe(401);
      await app.logIn(person.email, '198.51.100.27');
      app.billing.clock.advance(8 * DAY_MS);
      await app.run('account.erasure');
      expect((await person.key.get('/api/v1/credits')).status).toBe(200);
    });

    it('gives the address free, and then there is nothing to restore it to', async () => {
      const person = await app.signUp('taken', '198.51.100.28');
      await remove(person);
      await app.signUp('taken', '198.51.100.29');
      const body = { email: person.email, password: PASSWORD };
      const { body: answer } = await app.send<{ code: string }>('POST', 'user/restore', body, {
        ip: '198.51.100.28',
      });
      expect(answer.code).toBe('email_taken');
    });

    it('becomes erasure: nothing opens what was sealed, and the books are whole', async () => {
      const person = await busyPerson('erased', '198.51.100.31');
      await app.billing.pay(
        { userId: person.id, api: person.key },
        { amount: 5, currency: 'USD', provider: 'stripe', save: true },
        { 'x-preferred-payment': 'card:pm_card_visa' },
      );
      const customers = app.billing.stripe.books.customers.size;
      await remove(person);
      app.billing.clock.advance(7 * DAY_MS + 1);
      await app.run('account.erasure');
      expect(app.billing.stripe.books.customers.size).toBe(customers - 1);
      const restored = await app.send(
        'POST',
        'user/restore',
        { email: person.email, password: PASSWORD },
        { ip: '198.51.100.32' },
      );
      expect(restored.status).toBe(401);
      expect(await app.found(person.email, 'erased Lastname', 'key of erased', '198.51.100.31')).toEqual([]);
      expect(await manager().query(`SELECT * FROM personal_keys WHERE owner_id = '${person.id}'`)).toEqual(
        [],
      );
      expect(await books()).toEqual({ ledger: true, audit: true });
      const entries = await manager().query<object[]>(
        `SELECT * FROM audit_entries WHERE subject_id = '${person.id}'`,
      );
      expect(entries.length).toBeGreaterThan(3);
      await app.run('account.erasure');
    });

    it('is open to administrators, for owners who ask elsewhere, once', async () => {
      const person = await app.signUp('by-mail', '198.51.100.35');
      const admin = await app.signUp('clerk', '198.51.100.36');
      await app.billing.app.get(UsersService).makeAdmin(admin.email);
      const path = `/api/v1/admin/users/${person.id}`;
      expect((await person.login.delete(path)).status).toBe(403);
      expect((await admin.login.delete(path)).status).toBe(200);
      expect((await person.key.get('/api/v1/credits')).status).toBe(401);
      expect((await admin.login.delete(path)).status).toBe(404);
      expect((await admin.login.delete('/api/v1/admin/users/nobody')).status).toBe(404);
    });

    it('knows what to do with every table that holds something of a user', async () => {
      const sorted = new Set<string>([
        ...KEPT_TABLES,
        ...[TRACES, BELONGINGS].flatMap(({ deleted, blanked }) =>
          [...deleted, ...blanked].map(({ table }) => table),
        ),
      ]);
      const found: string[] = [];
      for (const table of await app.tables()) {
        const columns = await app.columns(table);
        if (columns.some((column) => ['user_id', 'owner_id', 'subject_id', 'ip', 'email'].includes(column)))
          found.push(table);
      }
      expect(found.filter((table) => !sorted.has(table) && table !== 'request_blocks')).toEqual([]);
      expect(found.length).toBeGreaterThan(15);
    });
  });

  describe('retention', () => {
    it('shortens addresses, empties call-backs and forgets months that are over', async () => {
      const person = await app.signUp('old', '198.51.100.41');
      const holdId = newId();
      await app.billing.paid({ userId: person.id, api: person.key }, 5);
      const hold = await app.billing.ledger.hold({
        userId: person.id,
        amountMicro: 1,
        purpose: 'rental',
        reference: holdId,
        idempotencyKey: holdId,
      });
      const [meter] = await manager().find(RentalMeter, { take: 1 });
      expect(meter).toBeUndefined();
      const id = newId();
      const ended = app.billing.clock.now();
      await manager().query(
        `INSERT INTO rental_meters (rental_id, user_id, hold_id, client_id, ip, price_per_hour_micro, minimum_seconds, state, opened_seq, charged_micro, ended_at, created_at)
         VALUES ('${id}', '${person.id}', '${hold.id}', 'k', '198.51.100.41', 1, 0, 'finished', 0, 0, ${ended}, ${ended})`,
      );
      await app.run('account.retention');
      const ipOf = async (): Promise<string> =>
        (await manager().query<{ ip: string }[]>(`SELECT ip FROM rental_meters WHERE rental_id = '${id}'`))[0]
          .ip;
      expect(await ipOf()).toBe('198.51.100.41');
      app.billing.clock.advance(130 * DAY_MS);
      await app.run('account.retention');
      expect(await ipOf()).toBe('198.51.100.0/24');
      const token = await app.logIn(person.email, '198.51.100.42');
      const { body } = await app.send<AuditListView>('GET', 'user/audit', undefined, {
        ip: '198.51.100.42',
        authorization: `Bearer ${token}`,
      });
      const personal = body.audit.map((entry) => entry.personal?.ip ?? null);
      expect(personal[0]).toBe('198.51.100.42');
      expect(personal.slice(1).every((ip) => ip === null)).toBe(true);
      expect(await books()).toEqual({ ledger: true, audit: true });
    });
  });

  describe('the audit log of administrators', () => {
    it('is closed to others and tells where everybody came from', async () => {
      const user = await app.signUp('watched', '198.51.100.51');
      expect((await user.login.get('/api/v1/admin/audit')).status).toBe(403);
      const admin = await app.signUp('watcher', '198.51.100.52');
      await app.billing.app.get(UsersService).makeAdmin(admin.email);
      const page = await admin.login.get<AuditListView>(
        `/api/v1/admin/audit?user_id=${user.id}&action=login.succeeded`,
      );
      expect(page.body.audit).toMatchObject([
        {
          action: 'login.succeeded',
          actor_id: user.id,
          personal: { ip: '198.51.100.51', user_agent: AGENT },
        },
      ]);
      expect(
        (await admin.login.get<{ is_intact: boolean }>('/api/v1/admin/audit/verify')).body.is_intact,
      ).toBe(true);
      await admin.login.send('PATCH', `/api/v1/admin/users/${user.id}`, { is_active: false });
      const mine = await admin.login.get<AuditListView>(`/api/v1/admin/audit?actor_id=${admin.id}&limit=3`);
      expect(mine.body.audit.map(({ action }) => action)).toEqual([
        'user.changed',
        'user.deactivated',
        'audit.viewed',
      ]);
      expect(mine.body.next_cursor).not.toBeNull();
    });

    it('has the life of a key, and its use after the end', async () => {
      const user = await app.signUp('key-holder', '198.51.100.55');
      const made = await user.login.post<{ id: string; api_key: string }>('/api/v1/auth/apikey', {
        name: 'secret plan',
      });
      const rotated = await user.login.post<{ id: string }>(`/api/v1/auth/apikey/${made.body.id}/rotate`, {});
      await user.login.delete(`/api/v1/auth/apikey/${rotated.body.id}`);
      const refused = await fetch(`${app.url}/api/v1/credits`, {
        headers: { 'x-api-key': made.body.api_key },
      });
      expect(refused.status).toBe(401);
      expect((await user.key.get('/api/v1/admin/users')).status).toBe(403);
      await app.billing.app.get(AuditNotes).flush();
      const { body } = await user.login.get<AuditListView>('/api/v1/user/audit?limit=6');
      const life = body.audit.map(({ action, target, result }) => [action, target, result]);
      expect(life.slice(0, 2).toSorted()).toEqual([
        ['access.refused', null, 'refused'],
        ['api_key.refused', `api_key:${made.body.id}`, 'refused'],
      ]);
      expect(life.slice(2, 5)).toEqual([
        ['api_key.revoked', `api_key:${rotated.body.id}`, 'ok'],
        ['api_key.rotated', `api_key:${rotated.body.id}`, 'ok'],
        ['api_key.created', `api_key:${made.body.id}`, 'ok'],
      ]);
      expect(body.audit[4].personal).toMatchObject({ name: 'secret plan', ip: '198.51.100.55' });
      expect(JSON.stringify(body)).not.toContain(made.body.api_key.slice(20));
    });

    it('has wrong passwords, with the account they were tried on', async () => {
      const user = await app.signUp('guessed', '198.51.100.53');
      const guess = { email: user.email, password: 'a wrong password' };
      await app.send('POST', 'auth/login', guess, { ip: '198.51.100.54' });
      const { body } = await user.login.get<AuditListView>('/api/v1/user/audit?action=login.failed');
      expect(body.audit).toMatchObject([
        { actor_kind: 'anonymous', result: 'failed', personal: { ip: '198.51.100.54', email: user.email } },
      ]);
    });
  });
});
