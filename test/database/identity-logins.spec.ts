import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEachDatabase } from '../support/databases.js';
import { IdentityApp, loginOf, PASSWORD } from './identity-app.js';

const SECOND_MS = 1000;
const DAY_MS = 24 * 3600 * SECOND_MS;

onEachDatabase('logins', { entities: [] }, (open) => {
  let app: IdentityApp;
  beforeAll(async () => {
    app = await IdentityApp.start((await open()).config, { LOGIN_RATE_LIMIT_PER_15M: '0' });
  });
  afterAll(() => app.close());

  describe('sign-up', () => {
    it('answers the account and nothing secret', async () => {
      const { status, body, text } = await app.register('  Ada@Example.com ', PASSWORD, 'Ada');
      expect(status).toBe(201);
      expect(body.user).toEqual({
        id: expect.any(String),
        email: 'ada@example.com',
        name: 'Ada',
        is_admin: false,
        is_active: true,
        created_at: new Date(app.clock.now()).toISOString(),
      });
      expect(text).not.toMatch(/hash|argon/i);
    });

    it('refuses an email address that is taken, in any spelling', async () => {
      await app.register('taken@example.com');
      const { status, body } = await app.register('TAKEN@example.com');
      expect([status, body.code]).toEqual([409, 'email_taken']);
    });

    it('makes one account of 20 simultaneous sign-ups with one address', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => app.register('crowd@example.com')));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
    });

    it.each([['is_admin'], ['is_active'], ['credits']])('refuses the unknown field %s', async (field) => {
      const body = { email: 'extra@example.com', password: PASSWORD, name: 'E', [field]: true };
      const answer = await app.call('POST', 'auth/register', { body });
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toEqual([{ field, message: expect.any(String) }]);
    });

    it.each([
      [{ password: PASSWORD, name: 'x' }, 'email'],
      [{ email: 'no address', password: PASSWORD, name: 'x' }, 'email'],
      [{ email: 'a@example.com', password: 7, name: 'x' }, 'password'],
      [{ email: 'a@example.com', password: PASSWORD, name: ' ' }, 'name'],
      [{ email: 'a@example.com', password: 'x'.repeat(14), name: 'x' }, 'password'],
      [{ email: 'a@example.com', password: 'xy'.repeat(65), name: 'x' }, 'password'],
    ])('names the bad field of %j', async (body, field) => {
      const answer = await app.call('POST', 'auth/register', { body });
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toEqual(expect.arrayContaining([expect.objectContaining({ field })]));
    });
  });

  describe('login', () => {
    it('answers the account and a pair of tokens that work', async () => {
      await app.register('login@example.com');
      const { status, body, headers } = await app.logIn('LOGIN@example.com ');
      expect(status).toBe(200);
      expect(headers['cache-control']).toBe('no-store');
      expect(body.tokens).toEqual({
        access_token: expect.stringMatching(/^eyJ/),
        refresh_token: expect.stringMatching(/^[\w-]{86}$/),
        token_type: 'Bearer',
        expires_in: 900,
      });
      expect(body).not.toHaveProperty('must_change');
      const me = await app.whoAmI({ token: loginOf(body).access });
      expect(me.body).toMatchObject({ email: 'login@example.com', credential: 'jwt', isAdmin: false });
    });

    it('tells an unknown account, a wrong password and a disabled account with a wrong password apart in nothing', async () => {
      const { id } = await app.member('sleeping@example.com');
      await app.register('awake@example.com');
      await app.users.deactivate(id);
      const wrong = 'quite another one';
      const answers = await Promise.all([
        app.logIn('nobody@example.com', wrong, { headers: { 'x-request-id': 'r' } }),
        app.logIn('awake@example.com', wrong, { headers: { 'x-request-id': 'r' } }),
        app.logIn('sleeping@example.com', wrong, { headers: { 'x-request-id': 'r' } }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
      const bodies = answers.map(({ text }) => text.replace(/"request_id":"[^"]*"/, ''));
      expect(new Set(bodies).size).toBe(1);
      const right = await app.logIn('sleeping@example.com');
      expect([right.status, right.body.code]).toEqual([403, 'account_inactive']);
    });

    it('replaces the login whose token comes with it', async () => {
      const first = await app.member('again@example.com');
      const second = await app.logIn('again@example.com', PASSWORD, { token: first.access });
      expect(second.status).toBe(200);
      expect((await app.whoAmI({ token: first.access })).status).toBe(401);
      expect((await app.whoAmI({ token: loginOf(second.body).access })).status).toBe(200);
    });

    it('takes an imported bcrypt hash once and replaces it', async () => {
      const { hash } = await import('@node-rs/bcrypt');
      const { id } = await app.member('imported@example.com');
      const { User } = await import('../../src/users/user.entity.js');
      const { UnitOfWork } = await import('../../src/database/unit-of-work.js');
      const { manager } = app.app.get(UnitOfWork);
      await manager.update(User, { id }, { passwordHash: await hash(PASSWORD, 4) });
      expect((await app.logIn('imported@example.com', 'not the password')).status).toBe(401);
      expect((await app.logIn('imported@example.com')).status).toBe(200);
      expect((await app.users.findById(id))?.passwordHash).toMatch(/^\$argon2id\$/);
      expect((await app.logIn('imported@example.com')).status).toBe(200);
    });
  });

  describe('refresh', () => {
    it('gives new tokens once', async () => {
      const login = await app.member('refresh@example.com');
      const { status, body } = await app.refresh(login.refresh);
      const tokens = body.tokens as unknown as Record<string, string>;
      expect(status).toBe(200);
      expect(tokens.refresh_token).not.toBe(login.refresh);
      expect((await app.whoAmI({ token: tokens.access_token })).status).toBe(200);
      expect((await app.refresh(tokens.refresh_token)).status).toBe(200);
    });

    it('makes one chain of 50 simultaneous exchanges', async () => {
      const login = await app.member('parallel@example.com');
      const answers = await Promise.all(Array.from({ length: 50 }, () => app.refresh(login.refresh)));
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
      const successors = answers.map(({ body }) => (body.tokens as Record<string, string>).refresh_token);
      expect(new Set(successors).size).toBe(1);
      expect((await app.refresh(successors[0])).status).toBe(200);
    });

    it('ends the login when a used token comes back after eleven seconds', async () => {
      const login = await app.member('replay@example.com');
      const next = (await app.refresh(login.refresh)).body.tokens as Record<string, string>;
      app.clock.advance(11 * SECOND_MS);
      expect((await app.refresh(login.refresh)).status).toBe(401);
      expect((await app.refresh(next.refresh_token)).status).toBe(401);
      expect((await app.whoAmI({ token: next.access_token })).status).toBe(401);
    });

    it.each([
      ['another address', { from: '203.0.113.9' }],
      ['another user agent', { headers: { 'user-agent': 'thief' } }],
    ])('ends the login when a used token comes back at once from %s', async (title, options) => {
      const login = await app.member(`${title.replaceAll(' ', '-')}@example.com`);
      const next = (await app.refresh(login.refresh)).body.tokens as Record<string, string>;
      expect((await app.refresh(login.refresh, options)).status).toBe(401);
      expect((await app.refresh(next.refresh_token)).status).toBe(401);
    });

    it('ends the login when a grandparent comes back, however fast', async () => {
      const login = await app.member('grandparent@example.com');
      const child = (await app.refresh(login.refresh)).body.tokens as Record<string, string>;
      const grandchild = (await app.refresh(child.refresh_token)).body.tokens as Record<string, string>;
      expect((await app.refresh(login.refresh)).status).toBe(401);
      expect((await app.refresh(grandchild.refresh_token)).status).toBe(401);
    });

    it('keeps access and refresh tokens apart', async () => {
      const login = await app.member('apart@example.com');
      expect((await app.whoAmI({ token: login.refresh })).status).toBe(401);
      expect((await app.refresh(login.access)).status).toBe(401);
    });

    it('ends after seven idle days', async () => {
      const login = await app.member('idle@example.com');
      app.clock.advance(7 * DAY_MS + 1);
      expect((await app.refresh(login.refresh)).status).toBe(401);
    });

    it('ends after thirty days however often it is used', async () => {
      let { refresh } = await app.member('forever@example.com');
      for (let day = 1; day < 30; day++) {
        app.clock.advance(DAY_MS);
        const { body } = await app.refresh(refresh);
        refresh = (body.tokens as Record<string, string>).refresh_token;
      }
      app.clock.advance(DAY_MS);
      expect((await app.refresh(refresh)).status).toBe(401);
    });
  });

  describe('the end of a login', () => {
    it('comes at once with logout, by access token', async () => {
      const login = await app.member('out@example.com');
      expect((await app.whoAmI({ token: login.access })).status).toBe(200);
      expect((await app.call('POST', 'auth/logout', { token: login.access })).status).toBe(200);
      expect((await app.whoAmI({ token: login.access })).status).toBe(401);
      expect((await app.refresh(login.refresh)).status).toBe(401);
    });

    it('comes at once with logout, by refresh token alone', async () => {
      const login = await app.member('out2@example.com');
      expect((await app.whoAmI({ token: login.access })).status).toBe(200);
      const body = { refresh_token: login.refresh };
      expect((await app.call('POST', 'auth/logout', { body })).status).toBe(200);
      expect((await app.whoAmI({ token: login.access })).status).toBe(401);
    });

    it('needs a token of a live login', async () => {
      expect((await app.call('POST', 'auth/logout')).status).toBe(401);
      const body = { refresh_token: 'x'.repeat(86) };
      expect((await app.call('POST', 'auth/logout', { body })).status).toBe(401);
    });

    it('comes everywhere with logout-all', async () => {
      const here = await app.member('everywhere@example.com');
      const there = loginOf((await app.logIn('everywhere@example.com')).body);
      await app.whoAmI({ token: there.access });
      expect((await app.call('POST', 'auth/logout-all', { token: here.access })).status).toBe(200);
      expect((await app.whoAmI({ token: here.access })).status).toBe(401);
      expect((await app.whoAmI({ token: there.access })).status).toBe(401);
      expect((await app.refresh(there.refresh)).status).toBe(401);
    });

    it('comes at once when the account is disabled, and lasts when it is enabled again', async () => {
      const login = await app.member('disabled@example.com');
      expect((await app.whoAmI({ token: login.access })).status).toBe(200);
      await app.users.deactivate(login.id);
      expect((await app.whoAmI({ token: login.access })).status).toBe(401);
      expect((await app.refresh(login.refresh)).status).toBe(401);
      await app.users.activate(login.id);
      expect((await app.whoAmI({ token: login.access })).status).toBe(401);
      expect((await app.refresh(login.refresh)).status).toBe(401);
    });
  });

  describe('sessions', () => {
    it('are listed, newest first, page by page', async () => {
      const first = await app.member('list@example.com');
      app.clock.advance(SECOND_MS);
      const second = loginOf(
        (await app.logIn('list@example.com', PASSWORD, { headers: { 'user-agent': 'curl/8' } })).body,
      );
      const page = await app.call('GET', 'auth/sessions?limit=1', { token: first.access });
      expect(page.body.sessions).toEqual([
        expect.objectContaining({ user_agent: 'curl/8', ip: '127.0.0.1', current: false }),
      ]);
      const rest = await app.call('GET', `auth/sessions?limit=1&cursor=${String(page.body.next_cursor)}`, {
        token: first.access,
      });
      expect(rest.body).toMatchObject({ sessions: [{ current: true }], next_cursor: null });
      const [{ id }] = page.body.sessions as unknown as { id: string }[];
      expect((await app.call('DELETE', `auth/sessions/${id}`, { token: first.access })).status).toBe(200);
      expect((await app.whoAmI({ token: second.access })).status).toBe(401);
    });

    it.each(['limit=0', 'limit=101', 'limit=x', 'cursor=x'])('refuse the query %s', async (query) => {
      const login = await app.member(`${query.replaceAll('=', '.')}@example.com`);
      const answer = await app.call('GET', `auth/sessions?${query}`, { token: login.access });
      expect(answer.status).toBe(422);
    });

    it('of others are not there', async () => {
      const [mine, theirs] = [await app.member('mine@example.com'), await app.member('theirs@example.com')];
      const list = await app.call('GET', 'auth/sessions', { token: theirs.access });
      const [{ id }] = list.body.sessions as unknown as { id: string }[];
      expect((await app.call('DELETE', `auth/sessions/${id}`, { token: mine.access })).status).toBe(404);
      expect((await app.whoAmI({ token: theirs.access })).status).toBe(200);
    });
  });

  describe('change of password', () => {
    const change = (token: string, current: unknown, next: unknown) =>
      app.call('PUT', 'auth/password', { token, body: { current_password: current, new_password: next } });

    it('ends every login and answers a new one', async () => {
      const login = await app.member('change@example.com');
      const other = loginOf((await app.logIn('change@example.com')).body);
      await app.whoAmI({ token: other.access });
      const { status, body } = await change(login.access, PASSWORD, 'a better password');
      expect(status).toBe(200);
      for (const { access, refresh } of [login, other]) {
        expect((await app.whoAmI({ token: access })).status).toBe(401);
        expect((await app.refresh(refresh)).status).toBe(401);
      }
      const { access_token: token } = body.tokens as Record<string, string>;
      expect((await app.whoAmI({ token })).status).toBe(200);
      expect((await app.logIn('change@example.com')).status).toBe(401);
      expect((await app.logIn('change@example.com', 'a better password')).status).toBe(200);
    });

    it.each([
      ['a wrong password', 'not my password!', 'a better password', 401],
      ['no password', undefined, 'a better password', 422],
      ['a short new one', PASSWORD, 'short', 422],
      ['no new one', PASSWORD, undefined, 422],
    ])('changes nothing with %s', async (title, current, next, status) => {
      const email = `${title.replaceAll(' ', '-')}@example.com`;
      const login = await app.member(email);
      expect((await change(login.access, current, next)).status).toBe(status);
      expect((await app.whoAmI({ token: login.access })).status).toBe(200);
      expect((await app.logIn(email)).status).toBe(200);
    });
  });

  describe('an account made by an operator', () => {
    it('with a weak password can do nothing but choose another', async () => {
      const user = await app.users.createByOperator('User@example.com', 'password123', 'John Doe');
      expect(user).toMatchObject({ email: 'user@example.com', mustChangePassword: true });
      const { body } = await app.logIn('user@example.com', 'password123');
      expect(body.must_change).toBe(true);
      const { access: token } = loginOf(body);
      for (const [method, path] of [
        ['GET', 'probe/scope'],
        ['GET', 'probe/admin'],
        ['GET', 'auth/sessions'],
        ['POST', 'auth/logout-all'],
        ['POST', 'auth/apikey'],
      ]) {
        const answer = await app.call(method, path, { token, ...(method === 'POST' ? { body: {} } : {}) });
        expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'password_change_required']);
      }
      const changed = await app.call('PUT', 'auth/password', {
        token,
        body: { current_password: 'password123', new_password: 'my own good one' },
      });
      const tokens = changed.body.tokens as Record<string, string>;
      expect((await app.whoAmI({ token: tokens.access_token })).status).toBe(200);
      expect((await app.logIn('user@example.com', 'my own good one')).body).not.toHaveProperty('must_change');
    });

    it('with a good password is an account like any other', async () => {
      await app.users.createByOperator('op@example.com', PASSWORD, 'Op');
      expect((await app.logIn('op@example.com')).body).not.toHaveProperty('must_change');
    });
  });
});
