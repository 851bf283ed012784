import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Payment } from '../../src/billing/payments/payment.entity.js';
import { TransactionView } from '../../src/billing/payments/payment.view.js';
import { Clock } from '../../src/common/clock.js';
import { EventBus } from '../../src/common/event-bus.js';
import type { OfferListView } from '../../src/gpu/offers/offer.view.js';
import type { CreatedRentalView } from '../../src/gpu/rentals/rental.view.js';
import { GaugeNumbers } from '../../src/streaming/gauge-numbers.js';
import { GpuSnapshots } from '../../src/streaming/gpu-snapshots.js';
import { MarketWatch } from '../../src/streaming/market-watch.js';
import { StreamHub } from '../../src/streaming/stream-hub.js';
import { requireBuild, startDaemonProcess } from '../support/built-programs.js';
import { ApiCaller, eventually, runDaemon, signUp, type RunningDaemon } from '../support/running-daemon.js';
import { STREAM_TRANSPORTS, type StreamClient } from '../support/stream-clients.js';
import { createTempFolder } from '../support/temp-folder.js';
import { fetchJudge, type Judge } from '../support/stream-catalogue.js';
import { untilState } from '../support/rental-views.js';
import type { Frame } from '../support/ws-client.js';

const isEvent =
  (channel: string, state: string) =>
  (frame: Frame): boolean =>
    frame.type === 'event' && frame.channel === channel && frame.data?.state === state;

/** By the catalogue that the built server serves: schemas are made by the build. */
let judge: Judge;

async function judgeOfBuild(): Promise<Judge> {
  requireBuild();
  const folder = await createTempFolder('catalogue');
  const daemon = await startDaemonProcess(folder.path, ['-dv']);
  const made = await fetchJudge(daemon.url);
  await daemon.stop();
  await folder.remove();
  return made;
}

async function rentOne(caller: ApiCaller): Promise<CreatedRentalView> {
  const { body } = await caller.get<OfferListView>('/api/v1/gpu/instances?provider=vast.ai&limit=1');
  const created = await caller.post<CreatedRentalView>(
    `/api/v1/gpu/instances/vast.ai/${body.instances[0].id}`,
    {},
  );
  return created.body;
}

const PAYMENT = {
  id: 'p',
  amountMicro: 5_000_000,
  currency: 'USD',
  status: 'completed',
  detail: null,
  provider: 'stripe',
  method: 'card',
  externalId: 'pi_1',
  creditedMicro: 5_000_000,
  refundedMicro: 0,
  createdAt: 0,
  completedAt: 1,
} as unknown as Payment;

describe.each(STREAM_TRANSPORTS)('streaming over $name', ({ open, refusal }) => {
  let running: RunningDaemon;
  let caller: ApiCaller;
  const clients: StreamClient[] = [];

  const connect = async (token?: string): Promise<StreamClient> => {
    const client = await open(running.url, token);
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    running = await runDaemon('sqlite', { WS_PUBLIC_MARKET: 'false' });
    caller = await signUp(running.url);
    judge ??= await judgeOfBuild();
  });
  afterAll(async () => {
    clients.forEach((client) => client.close());
    await running.stop();
  });

  it('greets a caller whose handshake carries a key, and subscribes to everything', async () => {
    const client = await connect(caller.key);
    await client.expect(({ type }) => type === 'authenticated');
    client.send({ type: 'subscribe', id: 's1' });
    const subscribed = await client.expect(({ type }) => type === 'subscribed');
    expect(subscribed).toMatchObject({ id: 's1' });
    expect(new Set(subscribed.channels)).toEqual(
      new Set(['rentals', 'reservations', 'load', 'credits', 'payments', 'market']),
    );
    const credits = await client.expect((frame) => frame.type === 'snapshot' && frame.channel === 'credits');
    expect(credits.data).toMatchObject({ credits_total: 100 });
    const market = await client.expect((frame) => frame.type === 'snapshot' && frame.channel === 'market');
    expect((market.data as unknown as OfferListView).count).toBeGreaterThan(10);
  });

  it('takes the credential as the first frame too', async () => {
    const client = await connect();
    client.send({ type: 'subscribe' });
    expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code: 'unauthenticated' });
    client.send({ type: 'auth', token: caller.key });
    await client.expect(({ type }) => type === 'authenticated');
  });

  it('refuses a bad key in the handshake', async () => {
    expect(await refusal(running.url, 'gpx_test_wrong')).toMatch(/^(?:401|invalid_api_key)$/);
  });

  it('tells every step of a rental in order, with numbers without gaps', async () => {
    const client = await connect(caller.key);
    client.send({ type: 'subscribe', channels: ['rentals'] });
    await client.expect((frame) => frame.type === 'snapshot');
    const { rental_id: id } = await rentOne(caller);
    await untilState(caller, id, 'running');
    await client.expect((frame) => frame.type === 'event' && frame.data?.serving === true);
    const events = client.frames.filter(({ type }) => type === 'event');
    expect(events[0].data).toMatchObject({ name: 'rental.updated', id });
    const states = events.map(({ data }) => String(data?.state));
    expect(states.indexOf('provisioning')).toBeLessThan(states.indexOf('running'));
    const numbers = events.map(({ seq }) => Number(seq));
    expect(numbers).toEqual(numbers.map((_, index) => numbers[0] + index));
  });

  it('replays from a number what was missed, without a snapshot', async () => {
    const before = await connect(caller.key);
    before.send({ type: 'subscribe', channels: ['rentals'] });
    const { seq = 0 } = await before.expect((frame) => frame.type === 'snapshot');
    before.close();
    const rental = await rentOne(caller);
    await caller.delete(`/api/v1/gpu/instances/vast.ai/${rental.contract_id}`);
    const after = await connect(caller.key);
    after.send({ type: 'subscribe', channels: ['rentals'], since: { rentals: seq } });
    await after.expect(isEvent('rentals', 'provisioning'));
    const last = await after.expect(
      (frame) => frame.type === 'event' && ['stopping', 'destroyed'].includes(String(frame.data?.state)),
    );
    expect(after.frames.some(({ type }) => type === 'snapshot')).toBe(false);
    expect(after.frames.find(({ type }) => type === 'event')?.seq).toBe(seq + 1);
    expect(last.data?.id).toBe(rental.rental_id);
  });

  it('tells who was away that a gauge has moved on, and shows it', async () => {
    const client = await connect(caller.key);
    client.send({ type: 'subscribe', channels: ['market'], since: { market: 7 } });
    const snapshot = await client.expect(({ type }) => type === 'snapshot');
    expect(client.frames.find(({ type }) => type === 'gap')).toEqual({
      type: 'gap',
      channel: 'market',
      from: 8,
      to: snapshot.seq,
    });
  });

  it("keeps one user's events from another", async () => {
    const other = await connect((await signUp(running.url)).key);
    other.send({ type: 'subscribe', channels: ['rentals', 'reservations'] });
    await other.expect((frame) => frame.type === 'snapshot' && frame.channel === 'reservations');
    const mine = await connect(caller.key);
    mine.send({ type: 'subscribe', channels: ['rentals'] });
    await mine.expect((frame) => frame.type === 'snapshot');
    await rentOne(caller);
    await mine.expect(isEvent('rentals', 'provisioning'));
    expect(other.frames.filter(({ type }) => type === 'event')).toEqual([]);
  });

  it('stops an unsubscribed channel', async () => {
    const client = await connect(caller.key);
    client.send({ type: 'subscribe', channels: ['rentals', 'reservations'] });
    await client.expect((frame) => frame.type === 'snapshot' && frame.channel === 'reservations');
    client.send({ type: 'unsubscribe', id: 'u', channels: ['rentals'] });
    await client.expect(({ type }) => type === 'unsubscribed');
    const witness = await connect(caller.key);
    witness.send({ type: 'subscribe', channels: ['rentals'] });
    await witness.expect((frame) => frame.type === 'snapshot');
    await rentOne(caller);
    await witness.expect(isEvent('rentals', 'provisioning'));
    expect(client.frames.filter(({ type }) => type === 'event')).toEqual([]);
  });

  it.each([
    [{ type: 'subscribe', channels: ['everything'] }, 'unknown_channel'],
    [{ type: 'subscribe', channels: 'rentals' }, 'invalid_field'],
    [{ type: 'subscribe', since: { rentals: -1 } }, 'invalid_field'],
    [{ type: 'subscribe', since: { rentals: 'all' } }, 'invalid_field'],
    [{ type: 'auth' }, 'invalid_field'],
    [{ type: 'shout' }, 'unknown_type'],
    [{ type: 'event' }, 'unknown_type'],
    [{ type: 'cancel', id: ['x'] }, 'invalid_field'],
    [{ type: 'infer', body: [] }, 'invalid_field'],
    [{ type: 'infer', body: {}, path: '../../api/v1/admin/users', instance_id: 'x' }, 'invalid_field'],
    [{ type: 'infer', body: {}, protocol: 'smtp' }, 'invalid_field'],
  ])('answers %j with an error and goes on', async (frame, code) => {
    const client = await connect(caller.key);
    client.send({ id: 'x', ...frame });
    expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code });
    client.send({ type: 'ping', id: 'p' });
    expect(await client.expect(({ type }) => type === 'pong')).toMatchObject({ id: 'p' });
  });

  it("refuses another's rental as a channel", async () => {
    const { rental_id: id } = await rentOne(caller);
    const client = await connect((await signUp(running.url)).key);
    client.send({ type: 'subscribe', channels: [`rentals:${id}`] });
    expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code: 'unknown_channel' });
  });

  it('shows a key what its scopes allow, and says when a named channel is not among it', async () => {
    const client = await connect((await caller.withKey({ scopes: ['billing:read'] })).key);
    client.send({ type: 'subscribe' });
    const { channels } = await client.expect(({ type }) => type === 'subscribed');
    expect(channels).toEqual(['credits', 'payments']);
    client.send({ type: 'subscribe', id: 'f', channels: ['credits', 'rentals'] });
    expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code: 'forbidden', id: 'f' });
  });

  it('refuses a message of 10 MB and lives on', async () => {
    const client = await connect(caller.key);
    client.send({ type: 'ping', id: 'x'.repeat(10 * 1024 * 1024) });
    await expect.poll(() => client.isClosed(), { timeout: 10_000 }).toBe(true);
    const next = await connect(caller.key);
    await next.expect(({ type }) => type === 'authenticated');
  });

  it('tells payments and warnings', async () => {
    const client = await connect(caller.key);
    client.send({ type: 'subscribe', channels: ['credits', 'payments'] });
    await client.expect((frame) => frame.type === 'snapshot' && frame.channel === 'payments');
    const bus = running.daemon.app.get(EventBus);
    const [userId] = running.daemon.app.get(StreamHub).usersFollowing('credits');
    const happen = (name: string, data: object): void => bus.emit({ name, userId, at: Date.now(), data });
    happen('credits.low', { userId, runwaySeconds: 300 });
    happen('credits.exhausted', { userId, rentalId: 'r' });
    happen('payment.updated', TransactionView.from(PAYMENT));
    const told = async (name: string): Promise<Frame> =>
      client.expect((frame) => frame.type === 'event' && frame.data?.name === name);
    expect((await told('credits.low')).data).toEqual({ name: 'credits.low', runway_seconds: 300 });
    expect((await told('credits.exhausted')).data).toMatchObject({ rental_id: 'r' });
    expect((await told('payment.updated')).data).toMatchObject({ amount: 5, status: 'completed' });
  });

  it('tells what of the market appears and vanishes', async () => {
    const client = await connect(caller.key);
    client.send({ type: 'subscribe', channels: ['market'] });
    await client.expect((frame) => frame.type === 'snapshot');
    const { app } = running.daemon;
    const before = await app.get(GpuSnapshots).market();
    const [gone, dearer, ...rest] = before.instances;
    const after = { ...before, instances: [{ ...dearer, price_per_hour: 9.5 }, ...rest] };
    const looks = [before, after];
    const farms = { market: () => Promise.resolve(looks.shift()) } as unknown as GpuSnapshots;
    const watch = new MarketWatch(farms, app.get(GaugeNumbers), app.get(Clock));
    await watch.snapshot();
    app.get(StreamHub).gauge('market', (await watch.changes()) ?? {});
    const { data } = await client.expect((frame) => frame.type === 'event');
    expect(data).toMatchObject({
      name: 'market.updated',
      vanished: [gone.id],
      appeared: [{ id: dearer.id }],
    });
  });

  describe('inference', () => {
    let pool: string;
    let instanceId: string;

    beforeAll(async () => {
      const reserved = await caller.post<{ pool: string; reserved: { instance_id: string }[] }>(
        '/api/v1/gpu/instances/reserve',
        { count: 1, filters: { min_vram: 16, provider: 'vast.ai' } },
      );
      pool = reserved.body.pool;
      instanceId = reserved.body.reserved[0].instance_id;
      await eventually(
        async () => (await caller.get<{ serving: number }>(`/api/v1/gpu/pools/${pool}`)).body.serving === 1,
      );
    });

    const body = { model: 'sandbox/tiny-llm', messages: [{ role: 'user', content: 'Hello' }] };

    it('streams chunks in order, then usage and the instance that served it', async () => {
      const client = await connect(caller.key);
      client.send({ type: 'infer', id: 'i1', instance_id: instanceId, body });
      const done = await client.expect(({ type }) => type === 'completed' || type === 'failed');
      expect(done).toMatchObject({ type: 'completed', id: 'i1', instance_id: instanceId, cost: 0 });
      const chunks = client.frames.filter(({ type }) => type === 'chunk');
      expect(chunks.length).toBeGreaterThan(3);
      expect(chunks.map(({ seq }) => seq)).toEqual(chunks.map((_, index) => index + 1));
      expect(chunks[0].data).toMatchObject({ object: 'chat.completion.chunk' });
      expect(done.usage?.completion_tokens).toBeGreaterThan(3);
    });

    it('shows the usage as an event to those who asked for it, and to no others', async () => {
      const client = await connect(caller.key);
      client.send({ type: 'infer', id: 'plain', instance_id: instanceId, body });
      const asking = { ...body, stream_options: { include_usage: true } };
      client.send({ type: 'infer', id: 'asking', instance_id: instanceId, body: asking });
      for (const id of ['plain', 'asking'])
        await client.expect((frame) => frame.type === 'completed' && frame.id === id);
      const told = client.frames.filter(({ type, data }) => type === 'chunk' && data?.usage);
      expect(told.map(({ id }) => id)).toEqual(['asking']);
    });

    it("reaches nobody else's instance or pool", async () => {
      const client = await connect((await signUp(running.url)).key);
      client.send({ type: 'infer', id: 'a', instance_id: instanceId, body });
      client.send({ type: 'infer', id: 'b', protocol: 'http', pool, body: {} });
      const codes = await Promise.all(
        ['a', 'b'].map(
          async (id) => (await client.expect((frame) => frame.type === 'failed' && frame.id === id)).code,
        ),
      );
      expect(codes).toEqual(['rental_not_found', 'pool_not_found']);
    });

    it('passes plain HTTP as text', async () => {
      const client = await connect(caller.key);
      client.send({
        type: 'infer',
        id: 'h',
        protocol: 'http',
        pool,
        path: '/echo',
        body: { hello: 'there' },
      });
      await client.expect(({ type }) => type === 'completed');
      const text = client.frames.filter(({ type }) => type === 'chunk').map(({ data }) => String(data));
      expect(text.join('')).toContain('there');
      expect(text.join('')).not.toContain(caller.key);
    });

    it('runs several at once and cancels one', async () => {
      const client = await connect(caller.key);
      const long = {
        ...body,
        messages: [{ role: 'user', content: 'Tell me a very long story.' }],
        max_tokens: 500,
      };
      client.send({ type: 'infer', id: 'a', instance_id: instanceId, body: long });
      client.send({ type: 'infer', id: 'b', instance_id: instanceId, body });
      await client.expect((frame) => frame.type === 'chunk' && frame.id === 'a');
      client.send({ type: 'infer', id: 'a', instance_id: instanceId, body });
      expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code: 'duplicate_id' });
      client.send({ type: 'cancel', id: 'a' });
      expect(await client.expect((frame) => frame.type === 'failed')).toMatchObject({
        id: 'a',
        code: 'canceled',
      });
      expect(await client.expect((frame) => frame.type === 'completed')).toMatchObject({ id: 'b' });
    });

    it('says why an inference cannot be had', async () => {
      const client = await connect(caller.key);
      client.send({ type: 'infer', id: 'x', protocol: 'http', pool: 'nowhere', body: {} });
      expect(await client.expect(({ type }) => type === 'failed')).toMatchObject({
        id: 'x',
        code: 'pool_not_found',
      });
    });

    it('leaves nothing under way when the client goes away', async () => {
      const client = await connect(caller.key);
      client.send({ type: 'infer', id: 'gone', instance_id: instanceId, body });
      await client.expect(({ type }) => type === 'chunk');
      client.close();
      const active = async (): Promise<number> =>
        (
          await caller.get<{ active_connections: number }>(
            `/api/v1/loadbalancer/load?instance_id=${instanceId}`,
          )
        ).body.active_connections;
      await expect.poll(active, { timeout: 5000 }).toBe(0);
    });
  });

  it.each(['ping', 'nonsense'])('lets go of a client that floods it with %s', async (type) => {
    const client = await connect(caller.key);
    for (let count = 0; count < 400; count += 1) client.send({ type });
    await expect.poll(() => client.isClosed(), { timeout: 10_000 }).toBe(true);
    expect(client.closeCode()).toBe(4429);
  });

  it('says nothing that its catalogue does not describe', () => {
    const frames = clients.flatMap((client) => client.frames);
    expect(frames.length).toBeGreaterThan(100);
    expect(new Set(frames.flatMap((frame) => judge.problemsOf(frame)))).toEqual(new Set());
  });
});

describe('both transports', () => {
  let running: RunningDaemon;

  beforeAll(async () => {
    running = await runDaemon('sqlite');
  });
  afterAll(() => running.stop());

  it('tell the same events in the same order, word for word', async () => {
    const caller = await signUp(running.url);
    const clients = await Promise.all(STREAM_TRANSPORTS.map(({ open }) => open(running.url, caller.key)));
    for (const client of clients) {
      client.send({ type: 'subscribe', channels: ['rentals', 'reservations', 'load', 'credits'] });
      await client.expect((frame) => frame.type === 'snapshot' && frame.channel === 'credits');
    }
    const rental = await rentOne(caller);
    await untilState(caller, rental.rental_id, 'running');
    await caller.post('/api/v1/gpu/instances/reserve', { count: 2, filters: { provider: 'io.net' } });
    await caller.delete(`/api/v1/gpu/instances/vast.ai/${rental.contract_id}`);
    for (const client of clients) {
      await client.expect(isEvent('rentals', 'destroyed'));
      for (const name of ['load.updated', 'credits.updated'])
        await client.expect(({ data }) => data?.name === name);
      expect(client.frames.flatMap((frame) => judge.problemsOf(frame))).toEqual([]);
    }
    const events = (client: StreamClient, channel: string): Frame[] =>
      client.frames.filter((frame) => frame.type === 'event' && frame.channel === channel);
    const [ws, socketIo] = clients;
    for (const channel of ['rentals', 'reservations']) {
      const told = events(ws, channel).length;
      expect(told).toBeGreaterThan(0);
      await expect.poll(() => events(socketIo, channel).length).toBeGreaterThanOrEqual(told);
      expect(events(socketIo, channel).slice(0, told)).toEqual(events(ws, channel).slice(0, told));
    }
    clients.forEach((client) => client.close());
  });
});

describe('the event catalogue', () => {
  it('describes nothing that is never sent', () => {
    expect(judge.unheard()).toEqual([]);
    expect(judge.untold()).toEqual([]);
  });
});
