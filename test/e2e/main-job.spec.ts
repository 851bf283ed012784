import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreditsView } from '../../src/credits/credits.view.js';
import type { OfferListView } from '../../src/gpu/offers/offer.view.js';
import type { CreatedRentalView, DestroyedRentalView } from '../../src/gpu/rentals/rental.view.js';
import type { ReservationView } from '../../src/gpu/reservations/reservation.view.js';
import { rentedAtFarms, rentalsOf, untilNothingIsRented, untilServing } from '../support/rental-views.js';
import { runDaemon, signUp, type ApiCaller, type RunningDaemon } from '../support/running-daemon.js';

interface Loads {
  strategy: string;
  count: number;
  loads: Record<string, { total_connections: number; active_connections: number; state: string }>;
}

describe.each(['sqlite', 'postgres'] as const)('the main job on %s', (kind) => {
  let running: RunningDaemon;
  let caller: ApiCaller;
  let reservation: ReservationView;

  beforeAll(async () => {
    running = await runDaemon(kind);
    caller = await signUp(running.url);
  });
  afterAll(() => running.stop());

  it('lists offers of both farms, with filters', async () => {
    const all = await caller.get<OfferListView>('/api/v1/gpu/instances');
    expect(all.status).toBe(200);
    expect(new Set(all.body.instances.map(({ provider }) => provider))).toEqual(
      new Set(['vast.ai', 'io.net']),
    );
    expect(all.body).toMatchObject({ provider: 'all', count: all.body.instances.length });
    const one = await caller.get<OfferListView>('/api/v1/gpu/instances?provider=vast.ai');
    expect(one.body.instances.every(({ id }) => id.startsWith('vast-'))).toBe(true);
    const filtered = await caller.get<OfferListView>('/api/v1/gpu/instances?min_vram=16&max_price=1.5');
    expect(filtered.body.count).toBeGreaterThan(0);
    for (const offer of filtered.body.instances) {
      expect(offer.vram_gb).toBeGreaterThanOrEqual(16);
      expect(offer.price_per_hour).toBeLessThanOrEqual(1.5);
    }
  });

  it('reserves several GPUs at once and serves them through one balanced pool', async () => {
    const reserved = await caller.post<ReservationView>('/api/v1/gpu/instances/reserve', {
      count: 3,
      filters: { min_vram: 24 },
      pool: 'llm',
    });
    reservation = reserved.body;
    expect(reserved.status).toBe(201);
    expect(reservation).toMatchObject({ pool: 'llm', count: 3, requested: 3, errors: [] });
    const serving = await untilServing(caller, 3);
    expect(new Set(serving.map(({ pools }) => pools[0]))).toEqual(new Set(['llm']));
    const after = await caller.get<ReservationView>(`/api/v1/gpu/reservations/${reservation.reservation_id}`);
    expect(after.body.state).toBe('completed');
  });

  it('sends inference through the pool, evenly', async () => {
    const servedBy: (string | null)[] = [];
    for (let request = 0; request < 6; request += 1) {
      const answer = await caller.post<{ choices: { message: { content: string } }[] }>(
        '/api/v1/gpu/pools/llm/proxy/v1/chat/completions',
        { model: 'sandbox/tiny-llm', messages: [{ role: 'user', content: 'Hello' }] },
      );
      expect(answer.status).toBe(200);
      expect(answer.body.choices[0].message.content).toContain('served by');
      servedBy.push(answer.headers.get('x-gpuproxy-instance'));
    }
    expect(new Set(servedBy).size).toBe(3);
    expect(servedBy.slice(0, 3)).toEqual(servedBy.slice(3));
  });

  it('streams an answer while it is written', async () => {
    const answer = await fetch(`${running.url}/api/v1/gpu/pools/llm/proxy/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-api-key': caller.key, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'sandbox/tiny-llm',
        stream: true,
        messages: [{ role: 'user', content: 'Hi' }],
      }),
    });
    const chunks: string[] = [];
    for await (const chunk of answer.body ?? []) chunks.push(Buffer.from(chunk).toString());
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.join('')).toMatch(/data: \[DONE\]\s*$/);
  });

  it('reaches an instance through the envelope', async () => {
    const answer = await caller.post<{ status_code: number; body: unknown; instance_id: string }>(
      '/api/v1/gpu/proxy',
      {
        protocol: 'http',
        pool: 'llm',
        path: '/v1/models',
        method: 'GET',
      },
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status_code: 200, body: { object: 'list' } });
    expect(reservation.reserved.map(({ instance_id: id }) => id)).toContain(answer.body.instance_id);
  });

  it('shows the load of each instance, and nothing active any more', async () => {
    const { body } = await caller.get<Loads>('/api/v1/loadbalancer/loads');
    expect(body).toMatchObject({ strategy: 'round_robin', count: 3 });
    expect(Object.values(body.loads).every((load) => load.active_connections === 0)).toBe(true);
    const total = Object.values(body.loads).reduce((sum, load) => sum + load.total_connections, 0);
    expect(total).toBe(8);
  });

  it('holds credits while they run, and charges by the second', async () => {
    const { body } = await caller.get<CreditsView>('/api/v1/credits');
    expect(body.credits_held).toBeGreaterThan(0);
    expect(body.credits_total - body.credits_used - body.credits_held).toBeCloseTo(
      body.credits_remaining - body.credits_overage,
      6,
    );
  });

  it('rents one offer by its id, and destroys it by the contract id, twice', async () => {
    const { body: offers } = await caller.get<OfferListView>(
      '/api/v1/gpu/instances?provider=vast.ai&limit=1',
    );
    const bareId = offers.instances[0].id.replace('vast-', '');
    const created = await caller.post<CreatedRentalView>(`/api/v1/gpu/instances/vast.ai/${bareId}`, {
      image: 'nvidia/cuda:12.0.0-base-ubuntu22.04',
    });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      provider: 'vast.ai',
      instance_id: `vast-${created.body.contract_id}`,
    });
    const path = `/api/v1/gpu/instances/vast.ai/${created.body.contract_id}`;
    expect((await caller.delete<DestroyedRentalView>(path)).status).toBe(200);
    const again = await caller.delete<DestroyedRentalView>(path);
    expect(again).toMatchObject({ status: 200, body: { rental_id: created.body.rental_id } });
  });

  it('gives everything back; the farms agree, and no credit stays held', async () => {
    expect(rentedAtFarms(running.sandbox).length).toBeGreaterThanOrEqual(3);
    await caller.delete(`/api/v1/gpu/reservations/${reservation.reservation_id}`);
    await untilNothingIsRented(running.sandbox);
    const { body } = await caller.get<CreditsView>('/api/v1/credits');
    expect(body.credits_held).toBe(0);
    const costs = (await rentalsOf(caller)).reduce((sum, { cost }) => sum + cost, 0);
    expect(body.credits_used).toBeCloseTo(costs, 6);
  });
});
