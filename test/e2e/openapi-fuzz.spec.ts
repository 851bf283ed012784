import { env, stdout } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzRequests, type FuzzRequest } from '../support/openapi-fuzz.js';
import {
  codeOf,
  asKey,
  asLogin,
  bodyOf,
  openSecurityLab,
  PASSWORD,
  type SecurityLab,
  type Told,
} from '../support/security-lab.js';

/** More of them, and others, by hand: test/soak/openapi-fuzz.sh. */
const COUNT = Number(env.FUZZ_REQUESTS ?? 800);
const SEED = Number(env.FUZZ_SEED ?? 20_261_125);

/** What may be wrong outside of us: nothing to send to, a farm or a payment provider that is not there. */
const NOT_OURS = new Set([
  'no_healthy_instance',
  'provider_not_configured',
  'provider_unavailable',
  'provider_busy',
  'provider_rate_limited',
  'payment_provider_unavailable',
  'upstream_unreachable',
  'upstream_connect_timeout',
  'upstream_first_byte_timeout',
  'upstream_protocol_error',
  'upstream_auth_required',
  'time_limit_exceeded',
]);
const LEAKS =
  /password_?hash|key_?hmac|key_?bcrypt|pepper_?version|\bat .+\.(?:ts|js):\d+|node_modules|SELECT .+ FROM|SQLITE_|QueryFailed|TypeError|\[object Object\]/;

describe('random requests over the OpenAPI document', () => {
  let lab: SecurityLab;
  beforeAll(async () => {
    lab = await openSecurityLab({ LOGIN_RATE_LIMIT_PER_15M: '1000000', SIGNUP_CREDITS: '1000' });
  });
  afterAll(() => lab.running.stop());

  const logIn = async (email: string): Promise<{ token: string }> => {
    const body = { email, password: PASSWORD };
    const told = await lab.ask('/api/v1/auth/login', { method: 'POST', body });
    return { token: bodyOf<{ tokens: { access_token: string } }>(told).tokens.access_token };
  };
  let token: string | undefined;
  /** A request may end the login that others need. */
  const renewed = async (headers: Readonly<Record<string, string>>): Promise<Record<string, string>> => {
    if (headers.authorization !== TOKEN.authorization) return headers;
    token ??= (await logIn(lab.owner.email)).token;
    return { ...headers, authorization: `Bearer ${token}` };
  };

  const send = async ({ operation, path, headers, body }: FuzzRequest): Promise<Told> => {
    const told = await lab.ask(path, { method: operation.method, headers: await renewed(headers), body });
    if (told.status === 401) token = undefined;
    return told;
  };

  it(`${COUNT} of them with seed ${SEED} make no 5xx, no stack trace and no secret`, async () => {
    const { owner, admin, things, operations } = lab;
    const credentials = [asKey(owner.key), asKey(owner.key), TOKEN, asLogin(admin), {}, asKey('gpx_live_x')];
    const known = [
      things.rental,
      things.instance,
      things.reservation,
      things.payment,
      things.method,
      things.model,
    ];
    const requests = fuzzRequests(operations, { credentials, known, count: COUNT, seed: SEED });
    const secrets = [
      owner.key,
      owner.refresh,
      admin.key,
      lab.running.sandbox.vastAi.apiKey,
      lab.running.sandbox.ioNet.apiKey,
    ];
    const wrong: string[] = [];
    const statuses = new Map<number, number>();
    for (const request of requests) {
      const told = await send(request);
      statuses.set(told.status, (statuses.get(told.status) ?? 0) + 1);
      const reason = complaintAbout(told, secrets);
      if (reason)
        wrong.push(
          `${reason}: ${request.operation.method} ${request.path} ${request.body ?? ''} → ${told.status} ${told.text.slice(0, 300)}`,
        );
    }
    expect(wrong).toEqual([]);
    if (env.FUZZ_REQUESTS)
      stdout.write(`${COUNT} requests, seed ${SEED}: ${JSON.stringify([...statuses].sort())}\n`);
    expect((await lab.ask('/health')).text).toContain('"status":"ok"');
    const { token: fresh } = await logIn(admin.email);
    const verdict = await lab.ask('/api/v1/admin/ledger/verify', {
      headers: { authorization: `Bearer ${fresh}` },
    });
    expect(verdict.text).toContain('"is_intact":true');
  });
});

const TOKEN = { authorization: 'Bearer of the owner' };

function complaintAbout(told: Told, secrets: readonly string[]): string | undefined {
  const { status, text, headers } = told;
  if (status >= 500 && !NOT_OURS.has(reasonOf(told))) return 'a 5xx of ours';
  if (LEAKS.test(text)) return 'a trace';
  if (secrets.some((secret) => text.includes(secret))) return 'a secret';
  if (text !== '' && headers.get('content-type') === null) return 'no content type';
  return undefined;
}

/** The Open Inference Protocol has no place for a code. */
function reasonOf(told: Told): string {
  const code = codeOf(told);
  if (code !== undefined) return code;
  return /none of your instances is serving|no healthy/i.test(told.text) ? 'no_healthy_instance' : 'unknown';
}
