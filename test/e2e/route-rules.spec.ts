import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiKey } from '../../src/auth/api-keys/api-key.entity.js';
import { AccessGuard } from '../../src/auth/guards/access.guard.js';
import { AuthGuard } from '../../src/auth/guards/auth.guard.js';
import { RateLimitGuard } from '../../src/auth/guards/rate-limit.guard.js';
import { ConcurrencyLimiter } from '../../src/auth/rate-limiting/concurrency-limiter.js';
import { DataPlaneLimits } from '../../src/auth/rate-limiting/data-plane-limits.js';
import { CallerVerifier } from '../../src/auth/verification/caller-verifier.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { Admission } from '../../src/proxy/admission.js';
import { User } from '../../src/users/user.entity.js';
import { fillPath } from '../support/openapi.js';
import { nameOf, type ServedRoute } from '../support/route-table.js';
import {
  asKey,
  asLogin,
  codeOf,
  openSecurityLab,
  type Belongings,
  type SecurityLab,
  type Told,
} from '../support/security-lab.js';

/** Bodies that pass the checks of their route, where an empty one does not. */
const BODIES: Readonly<Record<string, object>> = { 'POST /api/v1/gpu/rentals/{id}/extend': { hours: 1 } };

/** What of the owner's stands in for the parameters of a path. A path with parameters that is not here fails the test. */
const FOREIGN: readonly [path: RegExp, values: (things: Belongings) => Record<string, string>[]][] = [
  [/gpu\/rentals\/\{id\}/, ({ rental, instance }) => [{ id: rental }, { id: instance }]],
  [/gpu\/reservations\/\{id\}/, ({ reservation }) => [{ id: reservation }]],
  [/gpu\/pools\/\{name\}/, ({ pool }) => [{ name: pool }]],
  [
    /gpu\/instances\/\{provider\}\/\{id\}/,
    ({ provider, rental, instance, contract }) =>
      [rental, instance, contract].map((id) => ({ provider, id })),
  ],
  [/auth\/apikey\/\{id\}/, ({ key }) => [{ id: key }]],
  [/auth\/sessions\/\{id\}/, ({ session }) => [{ id: session }]],
  [/billing\/transactions\/\{id\}/, ({ payment }) => [{ id: payment }]],
  [/billing\/methods\/\{id\}/, ({ method }) => [{ id: method }]],
  [/^\/mcp\/\{pool\}/, ({ pool }) => [{ pool }]],
  [/^\/v1\/models\/\{model\}/, ({ model }) => [{ model }]],
  [/^\/v2\/models\/\{model\}/, ({ model }) => [{ model }]],
];

/** Paths whose parameters name nothing that anybody owns. */
const NOBODYS = [
  '/api/v1/gpu/instances/{provider}/{offerId}',
  '/api/v1/billing/statements/{month}',
  '/v1/{path}',
  '/v2/{path}',
];

const tell = async (lab: SecurityLab, route: ServedRoute, headers: Record<string, string>): Promise<Told> => {
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(route.method);
  const body = hasBody ? (BODIES[nameOf(route)] ?? {}) : undefined;
  return lab.ask(fillPath(route.path, {}), { method: route.method, headers, body });
};

describe('every route', () => {
  let lab: SecurityLab;
  let closed: ServedRoute[];
  beforeAll(async () => {
    lab = await openSecurityLab();
    closed = [...lab.controllers, ...lab.dataPlane].filter(({ access }) => access.kind !== 'public');
  });
  afterAll(() => lab.running.stop());
  afterEach(() => vi.restoreAllMocks());

  const answersOf = async (
    routes: readonly ServedRoute[],
    headers: Record<string, string>,
  ): Promise<string[]> => {
    const lines = [];
    for (const route of routes) {
      const told = await tell(lab, route, headers);
      const code = route.method === 'HEAD' ? '' : codeOf(told);
      lines.push(`${told.status} ${code ?? ''} ${nameOf(route)}`);
    }
    return lines;
  };
  const but = (lines: readonly string[], status: RegExp): string[] =>
    lines.filter((line) => !status.test(line));

  it('stands in the OpenAPI document, and nothing else does (L45)', () => {
    const documented = lab.operations.map(({ method, path }) => `${method} ${path}`);
    const served = [...lab.controllers, ...lab.dataPlane]
      .map(nameOf)
      .filter((name) => !/docs-asyncapi/.test(name));
    expect(documented.toSorted()).toEqual(served.toSorted());
    expect(served.length).toBeGreaterThan(70);
  });

  it('is 401 without a credential, and with one that is none, before anything else (L02, L43)', async () => {
    const challenge = await tell(lab, closed[0], {});
    expect(challenge.headers.get('www-authenticate')).toBe('Bearer');
    for (const headers of [{}, asKey('gpx_live_x'), { authorization: 'Bearer a.b.c' }]) {
      expect(but(await answersOf(closed, headers), /^401 /)).toEqual([]);
    }
  });

  it('is 403 for a key with any other scope than its own, and for keys where a login is needed', async () => {
    for (const [scope, key] of lab.keysByScope) {
      const others = closed.filter(({ access }) => access.kind !== 'scope' || access.scope !== scope);
      expect(but(await answersOf(others, asKey(key)), /^403 /)).toEqual([]);
    }
  });

  it('is 403 for everybody who is no administrator when it is for those, and open to them (L02)', async () => {
    const admins = lab.controllers.filter(({ access }) => access.kind === 'admin');
    expect(admins.length).toBeGreaterThan(7);
    expect(admins.filter(({ path }) => !path.startsWith('/api/v1/admin/'))).toEqual([]);
    expect(but(await answersOf(admins, asLogin(lab.stranger)), /^403 admin_required /)).toEqual([]);
    expect(but(await answersOf(admins, asKey(lab.admin.key)), /^403 admin_required /)).toEqual([]);
    const reading = admins.filter(({ method }) => method === 'GET');
    expect(but(await answersOf(reading, asLogin(lab.admin)), /^(?:200|404|422) /)).toEqual([]);
  });

  it("is 404 for whoever asks for somebody else's things, and these stay as they are (L01)", async () => {
    const { stranger, owner, things } = lab;
    const withIds = closed.filter(
      ({ path, access }) => path.replace('/{path}', '').includes('{') && access.kind !== 'admin',
    );
    const lines = [];
    for (const route of withIds.filter(({ path }) => !NOBODYS.includes(path))) {
      const values = FOREIGN.find(([path]) => path.test(route.path))?.[1](things);
      if (!values) throw new Error(`no example of ${nameOf(route)}`);
      for (const value of values) {
        for (const headers of [asLogin(stranger), asKey(stranger.key)]) {
          const path = fillPath(route.path, value);
          const body = ['POST', 'PUT', 'PATCH'].includes(route.method)
            ? (BODIES[nameOf(route)] ?? {})
            : undefined;
          const told = await lab.ask(path, { method: route.method, headers, body });
          lines.push(`${told.status} ${route.method} ${path}`);
        }
      }
    }
    // Keys manage no keys or logins unless they were made for it.
    const wrong = but(lines, /^404 |^403 .*\/auth\//);
    expect(wrong).toEqual([]);
    const mine = await Promise.all(
      [
        `/api/v1/gpu/rentals/${things.rental}`,
        `/api/v1/gpu/reservations/${things.reservation}`,
        `/api/v1/gpu/pools/${things.pool}`,
        `/api/v1/billing/transactions/${things.payment}`,
      ].map((path) => lab.ask(path, { headers: asKey(owner.key) })),
    );
    expect(mine.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(mine[0].text).toContain('"state":"running"');
    expect((await lab.ask('/api/v1/auth/sessions', { headers: asLogin(owner) })).text).toContain(
      things.session,
    );
    expect((await lab.ask('/api/v1/billing/methods', { headers: asKey(owner.key) })).text).toContain(
      things.method,
    );
  });

  it("does not reach somebody else's things by other ways than paths (L01)", async () => {
    const headers = asKey(lab.stranger.key);
    const { instance, pool, model, rental } = lab.things;
    const post = (path: string, body: object, more = {}): Promise<Told> =>
      lab.ask(path, { method: 'POST', body, headers: { ...headers, ...more } });
    const proxy = (body: object): Promise<Told> => post('/api/v1/gpu/proxy', { protocol: 'http', ...body });
    const chat = { model, messages: [] };
    const answers = [
      await lab.ask(`/api/v1/loadbalancer/load?instance_id=${instance}`, { headers }),
      await proxy({ instance_id: instance }),
      await proxy({ instance_id: rental }),
      await proxy({ pool }),
      await post('/v1/chat/completions', chat),
      await post('/v1/chat/completions', { ...chat, model: `${pool}/${model}` }),
      await post('/v1/chat/completions', chat, { 'x-pool': pool }),
      await lab.ask('/v1/models', { headers: { ...headers, 'x-pool': pool } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    const loads = await lab.ask('/api/v1/loadbalancer/loads', { headers });
    expect(loads.text).toContain('"count":0');
  });

  describe('fails closed: it is never 2xx', () => {
    const boom = (): never => {
      throw new Error('boom with gpx_live_secret at SELECT * FROM users');
    };
    const rejects = (): Promise<never> => Promise.reject(new Error('boom'));
    const good = (): Record<string, string> => asLogin(lab.admin);

    it.each([
      ['AuthGuard', (): void => void vi.spyOn(AuthGuard.prototype, 'canActivate').mockImplementation(boom)],
      [
        'AuthGuard, later',
        (): void => void vi.spyOn(AuthGuard.prototype, 'canActivate').mockImplementation(rejects),
      ],
      [
        'RateLimitGuard',
        (): void => void vi.spyOn(RateLimitGuard.prototype, 'canActivate').mockImplementation(rejects),
      ],
      [
        'AccessGuard',
        (): void => void vi.spyOn(AccessGuard.prototype, 'canActivate').mockImplementation(boom),
      ],
    ])('when %s breaks (L43)', async (_, break_) => {
      break_();
      expect(but(await answersOf(lab.controllers, good()), /^[45]\d\d /)).toEqual([]);
    });

    it.each([
      [
        'the verifier',
        (): void => void vi.spyOn(CallerVerifier.prototype, 'verifyCredential').mockImplementation(boom),
      ],
      [
        'the verifier, later',
        (): void => void vi.spyOn(CallerVerifier.prototype, 'verifyCredential').mockImplementation(rejects),
      ],
      ['the limits', (): void => void vi.spyOn(DataPlaneLimits.prototype, 'take').mockImplementation(boom)],
      [
        'the limits of addresses',
        (): void => void vi.spyOn(DataPlaneLimits.prototype, 'takeAddress').mockImplementation(boom),
      ],
      [
        'the limit of what runs at once',
        (): void => void vi.spyOn(ConcurrencyLimiter.prototype, 'enter').mockImplementation(boom),
      ],
      ['the admission', (): void => void vi.spyOn(Admission.prototype, 'admit').mockImplementation(boom)],
    ])('when %s breaks on the data plane (L43)', async (_, break_) => {
      const { owner, things } = lab;
      const paths = [
        `/api/v1/gpu/pools/${things.pool}/proxy/v1/models`,
        `/api/v1/gpu/rentals/${things.rental}/proxy/v1/models`,
        '/v1/models',
        '/v2',
      ];
      break_();
      for (const path of paths) {
        const { status, text } = await lab.ask(path, { headers: asKey(owner.key) });
        expect([path, status >= 400]).toEqual([path, true]);
        expect(text).not.toMatch(/boom|SELECT/);
      }
    });
  });

  it('tells no secret, no SQL and no stack in any answer of this file (L03, L40)', async () => {
    const reading = lab.controllers.filter(({ method, path }) => method === 'GET' && !path.includes('{'));
    await answersOf(reading, asLogin(lab.admin));
    await answersOf(reading, asKey(lab.owner.key));
    const secrets = await secretsOf(lab);
    const made = /"(?:api_key|access_token|refresh_token)":"[^"]*"/g;
    const leaks = lab.seen.filter((text) => {
      const shown = text.replaceAll(made, '');
      return secrets.some((secret) => shown.includes(secret)) || LEAKS.test(shown);
    });
    expect(leaks).toEqual([]);
    expect(lab.seen.length).toBeGreaterThan(1000);
  });
});

/** Names of columns that are nobody's business, stacks, SQL. */
const LEAKS =
  /password_?hash|key_?hmac|key_?bcrypt|pepper_?version|refresh_?hash|sealed|external_?customer|\bat .+\.(?:ts|js):\d+|node_modules|SELECT .+ FROM|SQLITE_|QueryFailed/i;

async function secretsOf({ running, owner, admin }: SecurityLab): Promise<string[]> {
  const { manager } = running.daemon.app.get(UnitOfWork);
  const users = await manager.find(User);
  const keys = await manager.find(ApiKey);
  const { vastAi, ioNet } = running.sandbox;
  return [
    ...users.map(({ passwordHash }) => passwordHash),
    ...keys.flatMap(({ keyHmac, keyBcrypt }) => [keyHmac, keyBcrypt]),
    vastAi.apiKey,
    ioNet.apiKey,
    owner.key,
    owner.refresh,
    admin.key,
    admin.token,
  ];
}
