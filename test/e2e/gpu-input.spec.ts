import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askFor, destroyAll, offersOf, rentAt, type Rented } from '../support/gpu-caller.js';
import { openGpuLab, type GpuLab, type LabDaemon } from '../support/gpu-lab.js';
import { rentedAtFarms } from '../support/rental-views.js';
import { signUp, type ApiCaller } from '../support/running-daemon.js';

interface Problem {
  code: string;
  errors?: { field: string; message: string }[];
}

const RESERVE = '/api/v1/gpu/instances/reserve';
const BATCH = '/api/v1/gpu/instances/batch';
const POOLS = '/api/v1/gpu/pools';

describe('input that is not accepted', () => {
  let lab: GpuLab;
  let daemon: LabDaemon;
  let caller: ApiCaller;
  let offerPath: string;

  beforeAll(async () => {
    lab = await openGpuLab();
    daemon = await lab.start();
    caller = await signUp(daemon.url);
    const [offer] = await offersOf(caller, 'provider=vast.ai');
    offerPath = `/api/v1/gpu/instances/vast.ai/${offer.id}`;
  });
  afterAll(() => lab.close());

  const untouched = (): void => {
    const calls = [...lab.sandbox.vastAi.control.calls(), ...lab.sandbox.ioNet.control.calls()];
    expect(calls.filter(({ call }) => call === 'rent' || call === 'deploy')).toEqual([]);
  };

  it.each([
    'provider=aws',
    'provider=vast.ai%20x',
    'min_vram=lots',
    'min_vram=-1',
    'max_price=NaN',
    'max_price=1e3',
    'min_gpus=0',
    'min_gpus=1.5',
    'min_reliability=2',
    'verified=maybe',
    'limit=0',
    'limit=ten',
    'sort=colour',
    'colour=red',
  ])('in the list of offers: %s', async (query) => {
    const { status, body } = await caller.get<Problem>(`/api/v1/gpu/instances?${query}`);
    expect(status).toBe(422);
    expect(body.errors?.[0].field).toBe(query.split('=')[0]);
  });

  it('takes every spelling of a farm', async () => {
    for (const name of ['vastai', 'VAST.AI', 'Vast.ai', 'ionet', 'IO.NET']) {
      expect((await caller.get(`/api/v1/gpu/instances?provider=${name}`)).status).toBe(200);
    }
  });

  const ENV = (name: string): object => ({ env: { [name]: '1' } });

  it.each([
    ['image', { image: 'a b' }],
    ['image', { image: '--privileged' }],
    ['image', { image: '' }],
    ['image', { image: 7 }],
    ['disk_gb', { disk_gb: 7 }],
    ['disk_gb', { disk_gb: '20' }],
    ['disk_gb', { disk_gb: 20.5 }],
    ['env', ENV('-p 22:22')],
    ['env', ENV('A B')],
    ['env', ENV('A=B')],
    ['env', ENV('')],
    ['env', { env: { A: 1 } }],
    ['env', { env: { A: 'x\u0000y' } }],
    ['env', { env: 'A=b' }],
    ['env', { env: ['A'] }],
    ['ports', { ports: [0] }],
    ['ports', { ports: [65_536] }],
    ['ports', { ports: [8000, 8000] }],
    ['ports', { ports: ['8000'] }],
    ['ports', { ports: 8000 }],
    ['ports', { ports: Array.from({ length: 17 }, (_, index) => index + 1) }],
    ['command', { command: 'run' }],
    ['command', { command: [''] }],
    ['duration_hours', { duration_hours: 0 }],
    ['duration_hours', { duration_hours: 8761 }],
    ['health.path', { health: { path: 'no-slash' } }],
    ['health.path', { health: { path: '/with space' } }],
    ['health.port', { health: { path: '/ok', port: 70_000 } }],
    ['registry.password', { registry: { server: 'ghcr.io', username: 'me', password: 'a b' } }],
    ['registry.server', { registry: { server: 'https://ghcr.io', username: 'me', password: 'x' } }],
    ['max_price', { max_price: -1 }],
    ['pool', { pool: '../x' }],
    ['pool', { pool: '' }],
    ['pool', { pool: 'p'.repeat(65) }],
    ['colour', { colour: 'red' }],
  ])('in a rent: %s of %j', async (field, body) => {
    const { status, body: problem } = await caller.post<Problem>(offerPath, JSON.stringify(body), {
      'content-type': 'application/json',
    });
    expect(status).toBe(422);
    expect(problem.errors?.map((error) => error.field)).toContain(field);
    untouched();
  });

  it('in a rent: what would change the prototype', async () => {
    const { status } = await caller.post(offerPath, '{"__proto__": {"image": "x"}}', {
      'content-type': 'application/json',
    });
    expect([400, 422]).toContain(status);
    untouched();
  });

  it.each([
    ['count', {}],
    ['count', { count: 0 }],
    ['count', { count: 17 }],
    ['count', { count: 'x' }],
    ['count', { count: 1.5 }],
    ['count', { count: null }],
    ['mode', { count: 1, mode: 'some' }],
    ['pool', { count: 1, pool: 'a/b' }],
    ['max_total_price', { count: 1, max_total_price: -1 }],
    ['max_total_price', { count: 1, max_total_price: 'x' }],
    ['filters.min_vram', { count: 1, filters: { min_vram: 'x' } }],
    ['filters.colour', { count: 1, filters: { colour: 'red' } }],
    ['provider', { count: 1, filters: { provider: 'aws' } }],
    ['config.image', { count: 1, config: { image: 'a b' } }],
    ['config.env', { count: 1, config: ENV('-p 22:22') }],
    ['colour', { count: 1, colour: 'red' }],
  ])('in a reservation: %s of %j', async (field, body) => {
    const { status, body: problem } = await caller.post<Problem>(RESERVE, body);
    expect(status).toBe(422);
    expect(problem.errors?.map((error) => error.field)).toContain(field);
    untouched();
  });

  it.each([
    ['vastai_count', {}],
    ['vastai_count', { vastai_count: 9 }],
    ['ionet_count', { ionet_count: -1 }],
    ['ionet_count', { vastai_count: 1, ionet_count: 'x' }],
    ['filters.provider', { vastai_count: 1, filters: { provider: 'vast.ai' } }],
    ['config.ports', { vastai_count: 1, config: { ports: [0] } }],
  ])('in a batch: %s of %j', async (field, body) => {
    const { status, body: problem } = await caller.post<Problem>(BATCH, body);
    expect(status).toBe(422);
    expect(problem.errors?.map((error) => error.field)).toContain(field);
    untouched();
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'a b' }],
    ['name', { name: '.hidden' }],
    ['name', { name: 'p'.repeat(65) }],
    ['strategy', { name: 'p', strategy: 'fastest' }],
    ['protocol', { name: 'p', protocol: 'ftp' }],
    ['port', { name: 'p', port: 0 }],
    ['health.path', { name: 'p', health: { path: 'x' } }],
    ['models', { name: 'p', models: 'm' }],
    ['mcp_path', { name: 'p', mcp_path: 'mcp' }],
    ['upstream_headers', { name: 'p', upstream_headers: { 'bad name': 'x' } }],
    ['upstream_headers', { name: 'p', upstream_headers: { good: 'x\r\ny: z' } }],
    ['members', { name: 'p', members: ['nobody'] }],
    ['colour', { name: 'p', colour: 'red' }],
  ])('in a pool: %s of %j', async (field, body) => {
    const { status, body: problem } = await caller.post<Problem>(POOLS, body);
    expect(status).toBe(422);
    expect(problem.errors?.map((error) => error.field)).toContain(field);
  });

  it('is a 400 when it is no JSON', async () => {
    for (const path of [offerPath, RESERVE, BATCH, POOLS]) {
      const headers = { 'content-type': 'application/json' };
      expect((await caller.post(path, '{"count": 1', headers)).status).toBe(400);
    }
  });

  it('names farms that do not exist, or have no key here', async () => {
    expect(await caller.post('/api/v1/gpu/instances/aws/1', {})).toMatchObject({
      status: 404,
      body: { code: 'unknown_provider' },
    });
    expect(await caller.delete('/api/v1/gpu/instances/aws/1')).toMatchObject({ status: 404 });
    const notConfigured = { status: 501, body: { code: 'provider_not_configured' } };
    expect(await caller.get('/api/v1/gpu/instances?provider=static')).toMatchObject(notConfigured);
    expect(await caller.post('/api/v1/gpu/instances/static/x', {})).toMatchObject(notConfigured);
    const filters = { provider: 'static' };
    expect(await caller.post(RESERVE, { count: 1, filters })).toMatchObject(notConfigured);
  });

  it.each(['1', 'vast-99999999', 'nonsense', '%2e%2e', '-1', '1%2f2'])(
    'names an offer that does not exist: %s',
    async (id) => {
      for (const provider of ['vast.ai', 'io.net']) {
        const { status } = await caller.post(`/api/v1/gpu/instances/${provider}/${id}`, {});
        expect(status).toBe(404);
      }
      untouched();
    },
  );

  it('names an offer that is gone since it was listed', async () => {
    const [offer] = await offersOf(caller, 'provider=vast.ai');
    lab.sandbox.vastAi.control.withdrawOffer(Number(offer.id.slice(5)));
    expect((await askFor(caller, 'vast.ai')).status).toBe(404);
    lab.sandbox.vastAi.control.putOfferBack(Number(offer.id.slice(5)));
    for (let time = 0; time < 4; time += 1) {
      lab.sandbox.vastAi.control.inject('rent', 'offer_vanished');
      const answer = await askFor(caller, 'vast.ai');
      expect(answer).toMatchObject({ status: 410, body: { code: 'offer_gone' } });
    }
    expect(rentedAtFarms(lab.sandbox)).toEqual([]);
  });

  it('asks for less than the offer costs', async () => {
    const [offer] = await offersOf(caller, 'provider=vast.ai');
    const dear = await caller.post(`/api/v1/gpu/instances/vast.ai/${offer.id}`, {
      max_price: offer.price_per_hour - 0.000001,
    });
    expect(dear).toMatchObject({ status: 409, body: { code: 'price_above_limit' } });
    expect(rentedAtFarms(lab.sandbox)).toEqual([]);
  });

  describe("of somebody else's things", () => {
    let other: ApiCaller;
    let rented: Rented;
    let reservationId: string;

    beforeAll(async () => {
      other = await signUp(daemon.url);
      rented = await rentAt(other, 'vast.ai', { pool: 'theirs' });
      const reserved = await other.post<{ reservation_id: string }>(RESERVE, { count: 1 });
      reservationId = reserved.body.reservation_id;
    });
    afterAll(() => destroyAll(other));

    it('is a 404 for every verb', async () => {
      const asked = [
        caller.get(`/api/v1/gpu/rentals/${rented.id}`),
        caller.get(`/api/v1/gpu/rentals/${rented.id}/logs`),
        caller.post(`/api/v1/gpu/rentals/${rented.id}/extend`, { hours: 1 }),
        caller.get(`/api/v1/gpu/rentals/${rented.id}/proxy/`),
        caller.delete(`/api/v1/gpu/instances/vast.ai/${rented.id}`),
        caller.delete(`/api/v1/gpu/instances/vast.ai/${rented.contractId}`),
        caller.delete(`/api/v1/gpu/instances/vast.ai/${rented.instanceId}`),
        caller.get(`/api/v1/gpu/reservations/${reservationId}`),
        caller.delete(`/api/v1/gpu/reservations/${reservationId}`),
        caller.get(`${POOLS}/theirs`),
        caller.send('PATCH', `${POOLS}/theirs`, { port: 1 }),
        caller.delete(`${POOLS}/theirs`),
        caller.get(`${POOLS}/theirs/proxy/`),
      ];
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 404));
    });

    it('is no member for one of mine', async () => {
      const body = { name: 'mine', members: [rented.id] };
      expect(await caller.post(POOLS, body)).toMatchObject({
        status: 422,
        body: { code: 'unknown_members' },
      });
    });

    it('does not touch them', async () => {
      expect(rentedAtFarms(lab.sandbox)).toHaveLength(2);
      expect((await other.get(`${POOLS}/theirs`)).body).toMatchObject({
        members: [{ rental_id: rented.id }],
      });
    });
  });

  it('is no reason to answer a second DELETE with anything but 200', async () => {
    const { id, contractId, instanceId } = await rentAt(caller, 'vast.ai');
    for (const name of [contractId, instanceId, id, `vast-${id}`, contractId]) {
      const { status, body } = await caller.delete(`/api/v1/gpu/instances/vastai/${name}`);
      expect(status).toBe(200);
      expect(body).toMatchObject({ rental_id: id });
    }
    expect((await caller.delete(`/api/v1/gpu/instances/io.net/${id}`)).status).toBe(404);
  });

  it.each(['a=1&a=2', 'provider=vast.ai&provider=io.net', 'min_vram=1&min_vram=2'])(
    'has a query parameter twice: %s',
    async (query) => {
      expect([400, 422]).toContain((await caller.get(`/api/v1/gpu/instances?${query}`)).status);
    },
  );

  it.each(['limit=0', 'limit=101', 'cursor=x', 'state=happy', 'state=running,happy', 'colour=red'])(
    'in the list of rentals: %s',
    async (query) => {
      expect((await caller.get(`/api/v1/gpu/rentals?${query}`)).status).toBe(422);
    },
  );
});
