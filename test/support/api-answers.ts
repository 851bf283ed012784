import { json, type ApiDouble } from './api-double.js';

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

export const offer = {
  id: 'vast-12345',
  provider: 'vast.ai',
  gpu_name: 'RTX 4090',
  gpu_count: 2,
  vram_gb: 24,
  cpu_cores: 32,
  ram_gb: 128,
  storage_gb: 500,
  price_per_hour: 0.8123,
  location: 'Sweden, SE',
  available: true,
  specifications: { provider_price_per_hour: 0.8123 },
};

export const ionetOffer = {
  ...offer,
  id: 'ionet-h100',
  provider: 'io.net',
  gpu_name: 'H100 SXM',
  gpu_count: 8,
  vram_gb: 80,
  price_per_hour: 2.5,
  location: 'US',
};

export const rental = {
  id: '6a1f3a52-6c5e-4b0e-9d5e-1d1f6a1f0001',
  provider: 'vast.ai',
  contract_id: '777',
  instance_id: 'vast-777',
  reservation_id: null,
  pools: ['default', 'llama'],
  state: 'running',
  reason: null,
  since: minutesAgo(5.5),
  serving: true,
  gpu_model: 'RTX 4090',
  gpu_count: 2,
  vram_gb: 24,
  price_per_hour: 0.8123,
  cost: 1.5,
  created_at: minutesAgo(125.5),
  running_at: minutesAgo(120.5),
  expires_at: new Date(Date.now() + 3 * 3_600_000 + 30_000).toISOString(),
  url: 'http://203.0.113.7:40001',
};

export const failedRental = {
  ...rental,
  id: '6a1f3a52-6c5e-4b0e-9d5e-1d1f6a1f0002',
  instance_id: 'vast-778',
  state: 'failed',
  reason: 'boot_timeout',
  serving: false,
  cost: 0,
  pools: [],
};

export const reservation = {
  reservation_id: '9b2c0000-0000-4000-8000-000000000001',
  pool: 'r-9b2c0000',
  reserved: [
    {
      instance_id: 'vast-1',
      contract_id: '1',
      rental_id: 'a1',
      provider: 'vast.ai',
      gpu_model: 'RTX 4090',
      vram: 24,
      price: 0.4,
    },
    {
      instance_id: 'ionet-d2',
      contract_id: 'd2',
      rental_id: 'a2',
      provider: 'io.net',
      gpu_model: 'H100 SXM',
      vram: 80,
      price: 2.5,
    },
  ],
  state: 'completed',
  reason: null,
  count: 2,
  requested: 2,
  errors: [],
  created_at: minutesAgo(10.5),
};

export const instanceLoad = {
  instance_id: 'vast-777',
  provider: 'vast.ai',
  active_connections: 3,
  total_connections: 420,
  avg_response_time: '250ms',
  last_response_time: '1.2s',
  avg_response_time_ms: 250,
  weight: 1.8,
  last_used: minutesAgo(2.5),
  state: 'serving',
};

export const pool = {
  name: 'llama',
  strategy: 'round_robin',
  strategy_is_default: true,
  protocol: 'openai',
  port: null,
  models: ['llama-3'],
  members: [
    { rental_id: rental.id, instance_id: 'vast-777', state: 'running', serving: true },
    { rental_id: failedRental.id, instance_id: 'vast-778', state: 'starting', serving: false },
  ],
  serving: 1,
};

const credits = {
  credits_remaining: 42.5,
  credits_total: 100,
  credits_overage: 0,
  credits_cap: 10,
  credits_auto_renew: false,
  credits_held: 1.25,
  credits_used: 57.5,
};

const usageRow = {
  id: 'u1',
  time: minutesAgo(1.5),
  request_id: 'request-7',
  pool: 'llama',
  instance_id: 'vast-777',
  protocol: 'openai',
  route: '/v1/chat/completions',
  status: 200,
  duration_ms: 812.4,
  input_tokens: 12,
  output_tokens: 345,
  cost_credits: 0.000123,
  gpu_cost_credits: 0.01,
};

const sessionRow = {
  client_id: 'key-1',
  ip: '198.51.100.4',
  date: '2026-11-24',
  time: '10:15:00',
  duration: 242,
  ...credits,
};

const user = {
  id: 'user-1',
  email: 'user@example.com',
  name: 'John Doe',
  is_admin: false,
  is_active: true,
  created_at: minutesAgo(1),
};

const tokens = {
  access_token: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl',
  refresh_token: 'refresh-0123456789',
  token_type: 'Bearer',
  expires_in: 3600,
};

const apiKey = {
  id: 'key-1',
  name: 'My API Key',
  prefix: 'gpx_live_ab',
  scopes: ['gpu:read', 'proxy:use'],
  expires_at: null,
};

const created = {
  rental_id: rental.id,
  instance_id: 'vast-777',
  contract_id: '777',
  provider: 'vast.ai',
  state: 'requested',
  price_per_hour: 0.8123,
};

const destroyed = { message: 'Instance destroyed', rental_id: rental.id, state: 'destroyed' };

/** What the server answers on an ordinary day, for every route that the client asks. */
export function answerEverything(double: ApiDouble): void {
  const offers = {
    instances: [offer, ionetOffer],
    count: 2,
    provider: 'all',
    as_of: new Date().toISOString(),
  };
  const answers: Readonly<Record<string, unknown>> = {
    'GET /health': { status: 'ok', timestamp: '2026-11-24T10:30:00Z' },
    'GET /api/v1/gpu/instances': offers,
    'DELETE /api/v1/gpu/instances/vast.ai/12345': destroyed,
    'GET /api/v1/gpu/rentals': { rentals: [rental, failedRental], next_cursor: null },
    [`GET /api/v1/gpu/rentals/${rental.id}`]: rental,
    [`POST /api/v1/gpu/rentals/${rental.id}/extend`]: rental,
    [`GET /api/v1/gpu/rentals/${rental.id}/logs`]: { logs: 'booting\nready\n' },
    'GET /api/v1/gpu/reservations': { reservations: [reservation], count: 1, next_cursor: null },
    [`DELETE /api/v1/gpu/reservations/${reservation.reservation_id}`]: {
      ...reservation,
      reason: 'cancelled',
    },
    'GET /api/v1/gpu/pools': {
      pools: [pool],
      count: 1,
    },
    'GET /api/v1/loadbalancer/loads': {
      strategy: 'round_robin',
      count: 1,
      loads: { 'vast-777': instanceLoad },
    },
    'GET /api/v1/loadbalancer/strategy': { strategy: 'round_robin' },
    'PUT /api/v1/loadbalancer/strategy': { strategy: 'least_connections', message: 'Strategy updated' },
    'POST /api/v1/gpu/proxy': {
      status_code: 200,
      headers: { 'content-type': 'application/json' },
      body: { hello: 'world' },
      duration_ms: 31.4,
      attempts: 1,
    },
    'GET /api/v1/credits': credits,
    'GET /api/v1/credits/usage': { usage: [usageRow], next_cursor: null },
    'GET /api/v1/credits/sessions': { sessions: [sessionRow], next_cursor: null },
    'GET /api/v1/auth/apikey': { api_keys: [apiKey], next_cursor: null },
    'POST /api/v1/auth/login': { user, tokens },
  };
  for (const [route, document] of Object.entries(answers)) double.answer(route, json(document));
  double.answer('POST /api/v1/gpu/instances/vast.ai/12345', json(created, 201));
  double.answer('POST /api/v1/gpu/instances/reserve', json(reservation, 201));
  double.answer('POST /api/v1/auth/register', json({ user }, 201));
  double.answer(
    'POST /api/v1/auth/apikey',
    json({ ...apiKey, api_key: 'gpx_live_abcdef0123456789', message: 'Keep it.' }, 201),
  );
}
