import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger, NestPinoLogger } from '../../src/common/logger.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { AuditVerifier } from '../../src/audit/audit-verifier.js';
import type { AuditListView } from '../../src/audit/audit.view.js';
import {
  ApiCaller,
  eventually,
  quietLogs,
  runDaemon,
  signUp,
  type RunningDaemon,
} from '../support/running-daemon.js';

const TOKEN = 'a token for the metrics of the tests';

describe('what operators see', () => {
  let running: RunningDaemon;
  let user: ApiCaller;
  let lines: string[] = [];

  beforeAll(async () => {
    const settings = {
      METRICS_TOKEN: TOKEN,
      METRICS_PORT: '0',
      REQUEST_LOG_SAMPLE: '1',
      SIGNUP_CREDITS: '10',
    };
    running = await runDaemon('sqlite', settings);
    user = await signUp(running.url);
  });
  afterAll(async () => {
    quietLogs();
    await running.stop();
  });

  const capture = (level: 'debug' | 'info'): void => {
    lines = [];
    const stream = { write: (line: string) => void lines.push(line) };
    Logger.overrideLogger(new NestPinoLogger(createLogger(level, stream)));
  };
  const metrics = async (): Promise<string> => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    return (await fetch(`${running.url}/metrics`, { headers })).text();
  };
  const valueOf = (text: string, sample: string): number => {
    const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
    return Number(line?.slice(sample.length + 1));
  };

  it('metrics need the token', async () => {
    expect((await fetch(`${running.url}/metrics`)).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}x` };
    expect((await fetch(`${running.url}/metrics`, { headers })).status).toBe(401);
  });

  it('metrics are on a port of loopback without one', async () => {
    capture('info');
    const second = await runDaemon('sqlite', { METRICS_PORT: '0' });
    capture('info');
    try {
      expect((await fetch(`${second.url}/metrics`)).status).toBe(404);
    } finally {
      await second.stop();
    }
  });

  it('metrics count what happens, with labels of few values', async () => {
    const before = await metrics();
    await user.get('/api/v1/gpu/rentals');
    await user.get('/api/v1/gpu/rentals/not-there');
    await user.post('/api/v1/gpu/pools/none/proxy/x', {});
    await new ApiCaller(running.url, 'gpx_test_wrong').get('/v1/models');
    const after = await metrics();
    const route = 'method="GET",route="/api/v1/gpu/rentals/:id",status="404"';
    expect(valueOf(after, `gpuproxy_api_requests_total{${route}}`)).toBe(1);
    expect(valueOf(after, 'gpuproxy_proxy_requests_total{handler="openai_models",status="401"}')).toBe(1);
    expect(valueOf(after, 'gpuproxy_proxy_request_duration_seconds_count')).toBeGreaterThan(
      valueOf(before, 'gpuproxy_proxy_request_duration_seconds_count'),
    );
    expect(valueOf(after, 'gpuproxy_proxy_active')).toBe(0);
    for (const name of [
      'gpuproxy_info',
      'gpuproxy_instances',
      'gpuproxy_pools',
      'gpuproxy_ejections_total',
      'gpuproxy_upstream_first_byte_seconds_bucket',
      'gpuproxy_ledger_open_holds',
      'gpuproxy_callback_lag_seconds',
      'gpuproxy_job_overdue_seconds',
      'gpuproxy_job_rounds_total',
      'gpuproxy_rentals',
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
    ])
      expect(after).toContain(name);
    const { rows } = {
      rows: await running.daemon.app
        .get(UnitOfWork)
        .manager.query<{ id: string; email: string }[]>('SELECT id, email FROM users'),
    };
    for (const { id, email } of rows) {
      expect(after).not.toContain(id);
      expect(after).not.toContain(email);
    }
    expect(after).not.toContain('not-there');
  });

  it('a rental leaves its trace in the metrics of farms and in the audit log, with who asked and from where', async () => {
    const offers = await user.get<{ instances: { id: string; provider: string }[] }>(
      '/api/v1/gpu/instances?limit=1',
    );
    const [{ id, provider }] = offers.body.instances;
    const made = await user.post<{ rental_id: string; contract_id: string }>(
      `/api/v1/gpu/instances/${provider}/${id}`,
      {},
      { 'x-request-id': 'rent-request' },
    );
    expect(made.status).toBe(201);
    await user.send('DELETE', `/api/v1/gpu/instances/${provider}/${made.body.rental_id}`, undefined, {
      'x-request-id': 'end-request',
    });
    const { manager } = running.daemon.app.get(UnitOfWork);
    const target = `rental:${made.body.rental_id}`;
    const entries = await manager.query<Record<string, unknown>[]>(
      `SELECT action, credential, request_id, personal FROM audit_entries WHERE target = '${target}' ORDER BY seq`,
    );
    expect(entries).toMatchObject([
      {
        action: 'rental.created',
        credential: 'api_key',
        request_id: 'rent-request',
        personal: expect.any(String),
      },
      {
        action: 'rental.ended',
        credential: 'api_key',
        request_id: 'end-request',
        personal: expect.any(String),
      },
    ]);
    expect((await running.daemon.app.get(AuditVerifier).verify()).isIntact).toBe(true);
    const text = await metrics();
    expect(valueOf(text, `gpuproxy_farm_calls_total{provider="${provider}",outcome="2xx"}`)).toBeGreaterThan(
      0,
    );
    expect(text).toMatch(/gpuproxy_rental_changes_total\{state="stopping",reason="destroyed_by_owner"\} 1/);
  });

  it('refused targets come into the audit log, the same one once', async () => {
    const body = { protocol: 'http', target_url: 'http://169.254.169.254/latest', method: 'GET' };
    for (let time = 0; time < 3; time++)
      expect((await user.post('/api/v1/gpu/proxy', body)).status).toBe(403);
    const { manager } = running.daemon.app.get(UnitOfWork);
    const [entry] = await eventually(async () => {
      const found = await manager.query<AuditListView['audit']>(
        `SELECT * FROM audit_entries WHERE action = 'egress.denied'`,
      );
      return found.length > 0 && found;
    });
    expect(JSON.parse(String(entry.details))).toMatchObject({
      hostname: '169.254.169.254',
      reason: 'metadata',
    });
  });

  it.each(['debug', 'info'] as const)('no secret comes into a log line at level %s', async (level) => {
    capture(level);
    const canary = `canary${level}0123456789`;
    const card = '4242424242424242';
    const key = `gpx_test_${canary}${'a'.repeat(40)}`;
    const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJ${canary}.c2lnbmF0dXJl`;
    const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      user.send(method, path, body, headers);
    const anonymous = { 'x-api-key': '' };
    await send('POST', '/api/v1/auth/login', { email: 'nobody@example.com', password: canary }, anonymous);
    await send(
      'POST',
      '/api/v1/auth/register',
      { email: 'x', password: canary, name: card, [canary]: 1 },
      anonymous,
    );
    await send('GET', `/api/v1/gpu/rentals?token=${canary}&card=${card}`);
    await send('GET', `/api/v1/${canary}/${card}`);
    await send('GET', '/api/v1/credits', undefined, { 'x-api-key': key });
    await send('GET', '/api/v1/credits', undefined, { 'x-api-key': '', authorization: `Bearer ${jwt}` });
    await send('GET', '/api/v1/credits', undefined, { cookie: `session=${canary}`, 'user-agent': card });
    await send('POST', '/api/v1/billing/payment', `{"amount": "${canary}`, {
      'content-type': 'application/json',
      'x-preferred-payment': `card:${card}`,
    });
    await send('POST', '/api/v1/billing/webhooks/stripe', { secret: canary }, { 'stripe-signature': canary });
    await send('POST', '/api/v1/gpu/pools', {
      name: `p${level}`,
      upstream_headers: { authorization: `Bearer ${canary}` },
    });
    await send('POST', `/api/v1/gpu/pools/p${level}/proxy/${canary}?key=${canary}`, { prompt: canary });
    await send('POST', '/v1/chat/completions', {
      model: canary,
      messages: [{ role: 'user', content: card }],
    });
    await send('POST', '/api/v1/gpu/proxy', {
      protocol: 'http',
      target_url: `https://127.0.0.1/${canary}`,
      headers: { authorization: canary },
      body: canary,
    });
    await send('GET', '/v1/models', undefined, { 'x-api-key': key });
    const output = lines.join('');
    expect(lines.filter((line) => line.includes('"msg":"request"')).length).toBeGreaterThan(8);
    expect(lines.every((line) => JSON.parse(line) !== undefined)).toBe(true);
    expect(output).not.toContain(canary);
    expect(output).not.toContain(card);
    expect(output).not.toContain(card.slice(0, 12));
  });

  it('a line tells who asked for what and how it ended', async () => {
    capture('info');
    await user.send('GET', '/api/v1/gpu/rentals/x', undefined, { 'x-request-id': 'line-1' });
    await user.send('POST', '/api/v1/gpu/pools/none/proxy/x', {}, { 'x-request-id': 'line-2' });
    const parsed = await eventually(async () => {
      const found = lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ msg }) => msg === 'request');
      return found.length === 2 && found;
    });
    expect(parsed).toMatchObject([
      { request_id: 'line-1', method: 'GET', route: '/api/v1/gpu/rentals/:id', status: 404, ip: '127.0.0.1' },
      { request_id: 'line-2', method: 'POST', route: '/api/v1/gpu/pools/{name}/proxy/{path}', status: 404 },
    ]);
    expect(
      parsed.every(({ user: id, duration_ms }) => typeof id === 'string' && typeof duration_ms === 'number'),
    ).toBe(true);
  });
});
