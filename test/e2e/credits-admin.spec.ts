import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntryListView } from '../../src/admin/ledger/entry.view.js';
import type { StatsView } from '../../src/admin/stats/stats.view.js';
import type { RequestEconomicsListView } from '../../src/admin/usage/request-economics.view.js';
import type { AdminUsageView } from '../../src/admin/usage/usage-sums.view.js';
import type { AdminUserView, UserListView } from '../../src/admin/users/admin-user.view.js';
import type { GrantedView } from '../../src/admin/credits/granted.view.js';
import { newId } from '../../src/common/id.js';
import { RentalMeterService } from '../../src/credits/metering/rental-meter.service.js';
import { UsageRecorder } from '../../src/credits/usage/usage-recorder.js';
import { UsersService } from '../../src/users/users.service.js';
import { ApiCaller, runDaemon, signUp, type RunningDaemon } from '../support/running-daemon.js';

const CREDIT = 1_000_000;
const HOUR = 3_600_000;

describe.each(['sqlite', 'postgres'] as const)('administrators on %s', (kind) => {
  let running: RunningDaemon;
  let admin: ApiCaller;
  let user: ApiCaller;
  let userId: string;
  let email: string;

  beforeAll(async () => {
    running = await runDaemon(kind, { SIGNUP_CREDITS: '10' });
    user = await signUp(running.url);
    const users = running.daemon.app.get(UsersService);
    [{ id: userId, email }] = (await users.list(1)).users;
    admin = await signUpAdmin(users);
  });
  afterAll(() => running.stop());

  /** An administrator with a key that has the scope for it. */
  const signUpAdmin = async (users: UsersService): Promise<ApiCaller> => {
    const account = { email: 'admin@example.com', password: 'secure-password' };
    const post = <T>(path: string, body: object, authorization = ''): Promise<T> =>
      fetch(`${running.url}/api/v1/auth/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify(body),
      }).then((answer) => answer.json() as T);
    await post('register', { ...account, name: 'Admin' });
    await users.makeAdmin(account.email);
    const { tokens } = await post<{ tokens: { access_token: string } }>('login', account);
    const key = { name: 'admin', scopes: ['admin', 'billing:read'] };
    const { api_key } = await post<{ api_key: string }>('apikey', key, `Bearer ${tokens.access_token}`);
    return new ApiCaller(running.url, api_key);
  };

  it.each([
    ['GET', 'users'],
    ['GET', 'users/x'],
    ['PATCH', 'users/x'],
    ['GET', 'stats'],
    ['GET', 'usage'],
    ['GET', 'ledger/entries'],
    ['GET', 'ledger/verify'],
    ['POST', 'credits/grant'],
  ])('alone may %s admin/%s', async (method, path) => {
    const body = method === 'GET' ? undefined : {};
    expect((await user.send(method, `/api/v1/admin/${path}`, body)).status).toBe(403);
    expect(
      (await new ApiCaller(running.url, 'no-key').send(method, `/api/v1/admin/${path}`, body)).status,
    ).toBe(401);
  });

  it('list accounts page by page, and find one by its address', async () => {
    const { body: first } = await admin.get<UserListView>('/api/v1/admin/users?limit=1');
    const { body: second } = await admin.get<UserListView>(
      `/api/v1/admin/users?limit=1&cursor=${first.next_cursor}`,
    );
    expect(first.users).toMatchObject([{ is_admin: true }]);
    expect(second).toMatchObject({ users: [{ id: userId }], next_cursor: null });
    const found = await admin.get<UserListView>(
      `/api/v1/admin/users?email=${encodeURIComponent(email.toUpperCase())}`,
    );
    expect(found.body.users).toMatchObject([{ id: userId }]);
  });

  describe('give credits', () => {
    const grant = (body: object | string, key?: string) =>
      admin.post<GrantedView & { code: string; errors: { field: string }[] }>(
        '/api/v1/admin/credits/grant',
        body,
        key ? { 'idempotency-key': key } : {},
      );

    it('by id or by address, once per key', async () => {
      const order = { user_id: userId, credits: 2.5, reason: 'sorry' };
      const first = await grant(order, 'key-1');
      expect(first).toMatchObject({ status: 201, body: { granted: 2.5, credits: { credits_total: 12.5 } } });
      const again = await grant(order, 'key-1');
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.body).toEqual(first.body);
      expect((await grant({ ...order, credits: 3 }, 'key-1')).body).toMatchObject({
        code: 'idempotency_mismatch',
      });
      const other = await grant({ email, credits: '0.000001', reason: 'and a little' });
      expect(other.body.credits.credits_total_micros).toBe('12500001');
    });

    it.each([
      [{ credits: 0 }, 'credits'],
      [{ credits: -1 }, 'credits'],
      [{ credits: 'NaN' }, 'credits'],
      [{ credits: '1e3' }, 'credits'],
      [{ credits: 0.0000001 }, 'credits'],
      [{ reason: '' }, 'reason'],
      [{ email: 'someone@example.com' }, 'email'],
      [{ user_id: undefined }, 'user_id'],
      [{ currency: 'USD' }, 'currency'],
    ])('not as %j', async (change, field) => {
      const { status, body } = await grant({ user_id: userId, credits: 1, reason: 'x', ...change });
      expect([status, body.code]).toEqual([422, 'invalid_input']);
      expect(body.errors.map((error) => error.field)).toContain(field);
    });

    it('to nobody who is not there', async () => {
      expect((await grant({ user_id: 'gone', credits: 1, reason: 'x' })).status).toBe(404);
      expect((await grant({ email: 'gone@example.com', credits: 1, reason: 'x' })).status).toBe(404);
    });
  });

  describe('change an account', () => {
    const patch = (body: object, id = userId) =>
      admin.send<AdminUserView & { code: string; errors: { field: string }[] }>(
        'PATCH',
        `/api/v1/admin/users/${id}`,
        body,
      );

    it('in its cap and its quotas', async () => {
      const quotas = { max_gpu_hours: 1.5, max_requests: 100, reset_interval: 'month' };
      const { status, body } = await patch({ credits_cap: 20, quotas });
      expect(status).toBe(200);
      expect(body).toMatchObject({ id: userId, credits: { credits_cap: 20 }, quotas });
      expect(body.quotas?.reset_at).toMatch(/-01T00:00:00.000Z$/);
      const lifted = await patch({ quotas: { max_gpu_hours: null, reset_interval: null } });
      expect(lifted.body.quotas).toEqual({
        max_gpu_hours: null,
        used_gpu_hours: 0,
        max_requests: 100,
        used_requests: 0,
        reset_interval: null,
        reset_at: null,
      });
      expect((await admin.get<AdminUserView>(`/api/v1/admin/users/${userId}`)).body).toEqual(lifted.body);
    });

    it('out and in again', async () => {
      expect((await patch({ is_active: false })).body.is_active).toBe(false);
      expect((await user.get('/api/v1/credits')).status).toBe(401);
      expect((await patch({ is_active: true })).body.is_active).toBe(true);
      expect((await user.get('/api/v1/credits')).status).toBe(200);
    });

    it('but not the last administrator’s', async () => {
      const { users } = (await admin.get<UserListView>('/api/v1/admin/users')).body;
      const self = users.find(({ is_admin: isAdmin }) => isAdmin);
      expect(await patch({ is_active: false }, self?.id)).toMatchObject({
        status: 409,
        body: { code: 'last_admin' },
      });
    });

    it.each([
      [{ credits_cap: -1 }, 'credits_cap'],
      [{ credits_cap: '1e3' }, 'credits_cap'],
      [{ is_active: 'yes' }, 'is_active'],
      [{ quotas: { max_requests: 1.5 } }, 'quotas.max_requests'],
      [{ quotas: { max_gpu_hours: -1 } }, 'quotas.max_gpu_hours'],
      [{ quotas: { reset_interval: 'hour' } }, 'quotas.reset_interval'],
      [{ quotas: { often: true } }, 'quotas.often'],
      [{ is_admin: true }, 'is_admin'],
    ])('not as %j', async (body, field) => {
      const answer = await patch(body);
      expect([answer.status, answer.body.code]).toEqual([422, 'invalid_input']);
      expect(answer.body.errors.map((error) => error.field)).toContain(field);
    });

    it('nor one that is not there', async () => {
      expect((await patch({ credits_cap: 1 }, 'gone')).status).toBe(404);
    });
  });

  describe('read', () => {
    beforeAll(async () => {
      const { app } = running.daemon;
      const meter = app.get(RentalMeterService);
      const rentalId = newId();
      const prices = { pricePerHourMicro: 2 * CREDIT, providerPricePerHourMicro: 1.5 * CREDIT };
      await meter.authorize({ rentalId, userId, provider: 'vast.ai', minimumHours: 0, ...prices });
      await meter.start(rentalId, Date.now() - HOUR);
      await meter.finish(rentalId, Date.now());
      const facts = {
        protocol: 'openai',
        route: '/v1/models',
        status: 200,
        durationMs: 5,
        bytesIn: 1,
        bytesOut: 2,
      };
      for (const pool of ['llm', 'llm', 'other', null]) {
        app.get(UsageRecorder).record({
          ...facts,
          at: Date.now() - 1000,
          requestId: newId(),
          userId,
          pool,
          rentalId,
          busyMs: HOUR / 10,
          costMicro: 1000,
          inputTokens: 3,
          outputTokens: 4,
        });
      }
      await app.get(UsageRecorder).flush();
    });

    it('what users, pools and days earned and cost', async () => {
      const { body } = await admin.get<AdminUsageView>('/api/v1/admin/usage');
      expect(body.usage).toHaveLength(3);
      const llm = body.usage.find(({ pool }) => pool === 'llm');
      expect(llm).toEqual({
        user_id: userId,
        pool: 'llm',
        day: new Date().toISOString().slice(0, 10),
        requests: 2,
        input_tokens: 6,
        output_tokens: 8,
        request_revenue_credits: 0.002,
        gpu_revenue_credits: 0.4,
        revenue_credits: 0.402,
        gpu_cost_credits: 0.3,
        margin_credits: 0.102,
      });
      expect(body.booked.gpu_revenue_credits).toBeCloseTo(2, 2);
      expect(body.booked.gpu_cost_credits).toBeCloseTo(1.5, 2);
      expect(body.booked.margin_credits).toBeCloseTo(0.5, 2);
    });

    it('what each request earned and cost, page by page', async () => {
      const path = `/api/v1/admin/usage/requests?user_id=${userId}&pool=llm&limit=1`;
      const first = await admin.get<RequestEconomicsListView>(path);
      const second = await admin.get<RequestEconomicsListView>(`${path}&cursor=${first.body.next_cursor}`);
      expect(second.body.next_cursor).toBeNull();
      const requests = [...first.body.requests, ...second.body.requests];
      expect(new Set(requests.map(({ request_id }) => request_id)).size).toBe(2);
      for (const request of requests)
        expect(request).toMatchObject({
          user_id: userId,
          pool: 'llm',
          busy_ms: HOUR / 10,
          request_revenue_credits: 0.001,
          gpu_revenue_credits: 0.2,
          gpu_cost_credits: 0.15,
          margin_credits: 0.051,
        });
      const wrong = await admin.get('/api/v1/admin/usage/requests?from=2026-01-02&to=2026-01-01');
      expect(wrong.status).toBe(422);
    });

    it('added up by what they ask for, page by page', async () => {
      const byUser = await admin.get<AdminUsageView>(`/api/v1/admin/usage?by=user&user_id=${userId}`);
      expect(byUser.body.usage).toMatchObject([{ user_id: userId, pool: null, day: null, requests: 4 }]);
      const pools: (string | null)[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const { body } = await admin.get<AdminUsageView>(`/api/v1/admin/usage?by=pool&limit=1${query}`);
        pools.push(...body.usage.map(({ pool }) => pool));
        cursor = body.next_cursor;
      }
      expect(new Set(pools)).toEqual(new Set(['llm', 'other', null]));
      expect(pools).toHaveLength(3);
      const nobody = await admin.get<AdminUsageView>('/api/v1/admin/usage?user_id=nobody');
      expect(nobody.body).toMatchObject({ usage: [], booked: { revenue_credits: 0, gpu_cost_credits: 0 } });
    });

    it.each([
      'by=week',
      'by=user,user',
      'from=2026-02-01&to=2026-01-01',
      'from=2020-01-01&to=2026-01-01',
      'cursor=abc',
      'limit=0',
    ])('no usage by %s', async (query) => {
      expect((await admin.get(`/api/v1/admin/usage?${query}`)).status).toBe(422);
    });

    it('the entries of an account, page by page', async () => {
      const seqs: (number | null)[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const { body } = await admin.get<EntryListView>(
          `/api/v1/admin/ledger/entries?user_id=${userId}&limit=1${query}`,
        );
        seqs.push(...body.entries.map(({ seq }) => seq));
        cursor = body.next_cursor;
      }
      expect(seqs).toEqual([4, 3, 2, 1]);
      const farm = await admin.get<EntryListView>('/api/v1/admin/ledger/entries?account=payable:vast.ai');
      expect(farm.body.entries).toMatchObject([{ code: 'gpu_cost', seq: null, account: 'payable:vast.ai' }]);
    });

    it('that the ledger is intact, and the whole in numbers', async () => {
      expect((await admin.get('/api/v1/admin/ledger/verify')).body).toMatchObject({
        is_intact: true,
        first_break: null,
      });
      const { body } = await admin.get<StatsView>('/api/v1/admin/stats');
      expect(body).toMatchObject({ users: 2, requests: expect.any(Number), ledger: { frozen_accounts: 0 } });
      expect(body.ledger.platform_credits['revenue:gpu']).toBeCloseTo(2, 2);
    });
  });
});
