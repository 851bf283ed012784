import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OfferListView } from '../../src/gpu/offers/offer.view.js';
import type { CreatedRentalView } from '../../src/gpu/rentals/rental.view.js';
import { ApiCaller, eventually, runDaemon, signUp, type RunningDaemon } from '../support/running-daemon.js';
import { STREAM_TRANSPORTS, type StreamClient } from '../support/stream-clients.js';
import { untilState } from '../support/rental-views.js';
import type { Frame } from '../support/ws-client.js';

const isEvent =
  (channel: string, state: string) =>
  (frame: Frame): boolean =>
    frame.type === 'event' && frame.channel === channel && frame.data?.state === state;

async function rentOne(caller: ApiCaller): Promise<CreatedRentalView> {
  const { body } = await caller.get<OfferListView>('/api/v1/gpu/instances?provider=vast.ai&limit=1');
  const created = await caller.post<CreatedRentalView>(
    `/api/v1/gpu/instances/vast.ai/${body.instances[0].id}`,
    {},
  );
  return created.body;
}

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
    [{ type: 'auth' }, 'invalid_field'],
  ])('answers %j with an error and goes on', async (frame, code) => {
    const client = await connect(caller.key);
    client.send({ ...frame, id: 'x' });
    expect(await client.expect(({ type }) => type === 'error')).toMatchObject({ code });
    client.send({ type: 'ping', id: 'p' });
    expect(await client.expect(({ type }) => type === 'pong')).toMatchObject({ id: 'p' });
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

  it('lets go of a client that floods it', async () => {
    const client = await connect(caller.key);
    for (let count = 0; count < 400; count += 1) client.send({ type: 'ping' });
    await expect.poll(() => client.isClosed(), { timeout: 10_000 }).toBe(true);
  });
});
