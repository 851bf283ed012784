import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { newId } from '../../src/common/id.js';
import { SCOPES, type Scope } from '../../src/common/caller.js';
import { PaymentMethod } from '../../src/billing/methods/payment-method.entity.js';
import { Payment } from '../../src/billing/payments/payment.entity.js';
import { UsersService } from '../../src/users/users.service.js';
import { documentOfBuild } from './built-document.js';
import { operationsOf, type Operation } from './openapi.js';
import { untilServing } from './rental-views.js';
import { controllerRoutes, dataPlaneRoutes, type ServedRoute } from './route-table.js';
import { ApiCaller, eventually, runDaemon, type RunningDaemon } from './running-daemon.js';

export const PASSWORD = 'secure-password';

/** An account with a login and a key. */
export interface Person {
  id: string;
  email: string;
  token: string;
  refresh: string;
  key: string;
  keyId: string;
}

/** What belongs to somebody, under the names that paths have for it. */
export interface Belongings {
  rental: string;
  instance: string;
  contract: string;
  provider: string;
  reservation: string;
  pool: string;
  key: string;
  session: string;
  payment: string;
  method: string;
  model: string;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string | object;
}

export interface Told {
  status: number;
  headers: Headers;
  text: string;
}

/** The daemon with an owner of everything that can be owned, a stranger who owns nothing, and an administrator. */
export interface SecurityLab {
  running: RunningDaemon;
  owner: Person;
  stranger: Person;
  admin: Person;
  things: Belongings;
  /** A key of the stranger for each scope alone. */
  keysByScope: ReadonlyMap<Scope, string>;
  controllers: readonly ServedRoute[];
  dataPlane: readonly ServedRoute[];
  operations: readonly Operation[];
  /** All answers that were seen, for what must be in none of them. */
  seen: string[];
  ask(path: string, ask?: Ask): Promise<Told>;
}

export async function openSecurityLab(settings: Record<string, string> = {}): Promise<SecurityLab> {
  const running = await runDaemon('sqlite', {
    REGISTER_RATE_LIMIT_PER_HOUR: '0',
    PROXY_RATE_LIMIT_PER_MINUTE: '0',
    ...settings,
  });
  const seen: string[] = [];
  const ask = (path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Told> =>
    tell(`${running.url}${path}`, method, headers, body, seen);
  const [owner, stranger, admin] = [
    await person(ask, 'owner'),
    await person(ask, 'stranger'),
    await person(ask, 'admin'),
  ];
  await running.daemon.app.get(UsersService).makeAdmin(admin.email);
  const document = await documentOfBuild();
  return {
    running,
    owner,
    stranger,
    admin,
    things: await belongingsOf(running, owner, ask),
    keysByScope: await oneKeyPerScope(ask, stranger),
    controllers: controllerRoutes(running.daemon.app),
    dataPlane: dataPlaneRoutes(),
    operations: operationsOf(document),
    seen,
    ask,
  };
}

export const asLogin = ({ token }: Person): Record<string, string> => ({ authorization: `Bearer ${token}` });
export const asKey = (key: string): Record<string, string> => ({ 'x-api-key': key });

export function bodyOf<T>({ text }: Told): T {
  return JSON.parse(text) as T;
}

/** The stable code, in whichever form the route has for errors. */
export function codeOf(told: Told): string | undefined {
  if (!told.headers.get('content-type')?.includes('json')) return undefined;
  const { code, error } = bodyOf<{ code?: string; error?: { code?: string; data?: { code?: string } } }>(
    told,
  );
  return code ?? error?.data?.code ?? error?.code;
}

async function tell(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: string | object | undefined,
  seen: string[],
): Promise<Told> {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const type: Record<string, string> = text === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    body: text,
    redirect: 'manual',
  });
  const told = { status: answer.status, headers: answer.headers, text: await answer.text() };
  seen.push(told.text);
  return told;
}

type Asking = SecurityLab['ask'];

async function person(ask: Asking, name: string): Promise<Person> {
  const email = `${name}@example.com`;
  const post = (path: string, body: object, headers = {}): Promise<Told> =>
    ask(`/api/v1/auth/${path}`, { method: 'POST', body, headers });
  await post('register', { email, password: PASSWORD, name });
  const login = bodyOf<{ user: { id: string }; tokens: { access_token: string; refresh_token: string } }>(
    await post('login', { email, password: PASSWORD }),
  );
  const token = login.tokens.access_token;
  const made = await post('apikey', { name: 'k' }, { authorization: `Bearer ${token}` });
  const { id: keyId, api_key: key } = bodyOf<{ id: string; api_key: string }>(made);
  return { id: login.user.id, email, token, refresh: login.tokens.refresh_token, key, keyId };
}

async function oneKeyPerScope(ask: Asking, of: Person): Promise<Map<Scope, string>> {
  const made = SCOPES.map(async (scope): Promise<[Scope, string]> => {
    const body = { name: scope, scopes: [scope] };
    const told = await ask('/api/v1/auth/apikey', { method: 'POST', body, headers: asLogin(of) });
    return [scope, bodyOf<{ api_key: string }>(told).api_key];
  });
  return new Map(await Promise.all(made));
}

async function belongingsOf(running: RunningDaemon, owner: Person, ask: Asking): Promise<Belongings> {
  const headers = asKey(owner.key);
  const reserve = { method: 'POST', headers, body: { count: 1, pool: 'theirs' } };
  const reserved = bodyOf<{ reservation_id: string }>(await ask('/api/v1/gpu/instances/reserve', reserve));
  const [rental] = await untilServing(callerOf(running, owner), 1);
  const models = await eventually(async () => {
    const { data } = bodyOf<{ data: { id: string }[] }>(await ask('/v1/models', { headers }));
    return data.length > 0 && data;
  });
  const sessions = bodyOf<{ sessions: { id: string }[] }>(
    await ask('/api/v1/auth/sessions', { headers: asLogin(owner) }),
  );
  return {
    rental: rental.id,
    instance: rental.instance_id ?? '',
    contract: rental.contract_id ?? '',
    provider: rental.provider,
    reservation: reserved.reservation_id,
    pool: 'theirs',
    key: owner.keyId,
    session: sessions.sessions[0].id,
    ...(await payments(running, owner)),
    model: models[0].id,
  };
}

/** Rows as a payment and a saved card leave them: the processors are not what is looked at here. */
async function payments(
  running: RunningDaemon,
  { id: userId }: Person,
): Promise<{ payment: string; method: string }> {
  const { manager } = running.daemon.app.get(UnitOfWork);
  const [payment, method] = [newId(), newId()];
  const at = { createdAt: 1, updatedAt: 1 };
  const amounts = { amountMicro: 1_000_000, currency: 'USD', creditedMicro: 0, refundedMicro: 0 };
  await manager.insert(Payment, {
    id: payment,
    userId,
    provider: 'stripe',
    ...amounts,
    status: 'failed',
    method: 'card',
    purpose: 'purchase',
    instructions: {} as Payment['instructions'],
    isDisputed: false,
    polls: 0,
    ...at,
  });
  const card = { provider: 'stripe' as const, externalId: 'pm_1', brand: 'visa', last4: '4242' };
  await manager.insert(PaymentMethod, {
    id: method,
    userId,
    ...card,
    expMonth: 1,
    expYear: 2040,
    createdAt: 1,
  });
  return { payment, method };
}

function callerOf({ url }: RunningDaemon, { key, token }: Person): ApiCaller {
  return new ApiCaller(url, key, token);
}
