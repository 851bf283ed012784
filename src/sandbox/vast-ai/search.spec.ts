import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFixture, vastCaller, type FarmReply } from '../../../test/support/sandbox-client.js';
import { expectSameShape } from '../../../test/support/shapes.js';
import { readMarketFile } from '../market-file.js';
import { startSandbox, type Sandbox } from '../sandbox.js';
import type { VastOffer } from './vast-offer.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ timeScale: 60, rateScale: 0, machines: 'none' });
});
afterAll(() => sandbox.close());

const post = (body: object): Promise<FarmReply<{ offers: VastOffer[] }>> =>
  vastCaller(sandbox)('POST', '/api/v0/bundles/', { body });
const search = async (body: object): Promise<VastOffer[]> => (await post(body)).body.offers;
const ids = (offers: VastOffer[]): number[] => offers.map(({ id }) => id);

const market = (readMarketFile('vast-ai.offers.json') as { offers: VastOffer[] }).offers;
const ANY = { verified: {}, rentable: {}, rented: {} };

describe('shape', () => {
  test('is the recorded one', async () => {
    const fixture = readFixture('vast/search.default.response.json') as { offers: VastOffer[] };
    const { status, body } = await post({});
    expect(status).toBe(200);
    expectSameShape(body, { offers: [fixture.offers[0]] });
  });

  test('of an interruptible offer is that of search.bid, prices included', async () => {
    const fixture = readFixture('vast/search.bid.response.json') as { offers: VastOffer[] };
    const [expected] = fixture.offers;
    const [offer] = await search({ type: 'bid', ask_contract_id: { eq: expected.id } });
    expectSameShape(offer, expected);
    expect(offer).toMatchObject({ is_bid: true, dph_base: expected.dph_base, min_bid: expected.min_bid });
    expect(offer.dph_total).toBeCloseTo(expected.dph_total as number, 9);
  });

  test('of nothing is an empty list', async () => {
    expect((await post({ gpu_name: { eq: 'RTX 9090' } })).body).toEqual(
      readFixture('vast/search.empty.response.json'),
    );
  });

  test('prices agree with the recorded market', async () => {
    const fixture = readFixture('vast/search.default.response.json') as { offers: VastOffer[] };
    const offers = new Map((await search({ limit: 64 })).map((offer) => [offer.id, offer]));
    const common = fixture.offers.filter(({ id }) => offers.has(id));
    expect(common.length).toBeGreaterThan(55);
    for (const { id, dph_total: total } of common)
      expect(offers.get(id)?.dph_total).toBeCloseTo(total as number, 6);
  });
});

describe('every request of the official client is understood', () => {
  const requests = readFixture('vast/search.requests.json') as { name: string; body: object }[];
  test.each(requests)('$name', async ({ body }) => {
    const reply = await post(body);
    expect(reply.status).toBe(200);
    expect(reply.body.offers.length).toBeGreaterThan(0);
  });
});

describe('operators', () => {
  test.each<[string, object, (offer: VastOffer) => boolean]>([
    ['eq', { num_gpus: { eq: 2 } }, (offer) => offer.num_gpus === 2],
    ['neq', { num_gpus: { neq: 1 } }, (offer) => offer.num_gpus !== 1],
    ['gt', { num_gpus: { gt: 4 } }, (offer) => offer.num_gpus > 4],
    ['lt', { num_gpus: { lt: 2 } }, (offer) => offer.num_gpus < 2],
    [
      'gte and lte together',
      { num_gpus: { gte: 2, lte: 4 } },
      (offer) => offer.num_gpus >= 2 && offer.num_gpus <= 4,
    ],
    ['in', { gpu_name: { in: ['L4', 'L40'] } }, (offer) => ['L4', 'L40'].includes(offer.gpu_name)],
    ['notin', { num_gpus: { notin: [1, 2] } }, (offer) => ![1, 2].includes(offer.num_gpus)],
  ])('%s', async (_, filter, holds) => {
    const expected = market.filter(holds);
    expect(expected.length).toBeGreaterThan(0);
    expect(ids(await search({ ...ANY, ...filter })).toSorted()).toEqual(ids(expected).toSorted());
  });

  test('an unknown operator or column is a 400', async () => {
    expect((await post({ num_gpus: { like: 2 } })).status).toBe(400);
    const reply = await post({ gpu_rams: { gte: 2 } });
    expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('gpu_rams')]);
  });
});

describe('columns that mean something else', () => {
  test('verified is verification=verified, and holds by default', async () => {
    const offers = await search({ limit: 64 });
    expect(new Set(offers.map(({ verification }) => verification))).toEqual(new Set(['verified']));
    expect(
      (await search({ verified: { eq: false } })).every(({ verification }) => verification !== 'verified'),
    ).toBe(true);
  });

  test('geolocation is the country after the last comma, and unknown places are no country', async () => {
    const american = await search({ geolocation: { in: ['US'] } });
    expect(american.every(({ geolocation }) => geolocation?.endsWith('US'))).toBe(true);
    expect(american.some(({ geolocation }) => geolocation === ', US')).toBe(true);
    expect(ids(await search({ geolocation: { notin: ['US'] }, ask_contract_id: { eq: 27106444 } }))).toEqual([
      27106444,
    ]);
  });

  test('external=false keeps the rows whose value is null', async () => {
    const offers = await search({ external: { eq: false }, limit: 64 });
    expect(offers.length).toBeGreaterThan(50);
    expect(ids(offers)).not.toContain(27115960);
  });

  test('an offer is found by ask_contract_id; a filter on id matches nothing', async () => {
    expect(ids(await search({ ask_contract_id: { eq: 27060888 } }))).toEqual([27060888]);
    expect(await search({ id: { eq: 27060888 } })).toEqual([]);
  });

  test('driver_version compares the number of the version', async () => {
    const offers = await search({ driver_version: { gte: 570_000_000 } });
    expect(offers.length).toBeGreaterThan(0);
    expect(offers.every(({ driver_vers: version }) => version >= 570_000_000)).toBe(true);
  });

  test('rented offers come only when asked for', async () => {
    expect(ids(await search({ ask_contract_id: { eq: 27108676 } }))).toEqual([]);
    expect(
      ids(await search({ ask_contract_id: { eq: 27108676 }, rented: { eq: true }, rentable: {} })),
    ).toEqual([27108676]);
  });
});

describe('order, limit and storage', () => {
  test('at most 64 rows come back, whatever is asked', async () => {
    expect(await search({ ...ANY, limit: 3000 })).toHaveLength(64);
    expect(await search({ limit: 3 })).toHaveLength(3);
  });

  test('the whole market can be read by price, page after page', async () => {
    const seen = new Set<number>();
    let from = 0;
    for (;;) {
      const page = await search({
        ...ANY,
        order: [['dph_total', 'asc']],
        dph_total: { gte: from },
        limit: 64,
      });
      const before = seen.size;
      page.forEach(({ id }) => seen.add(id));
      if (seen.size === before) break;
      from = Number(page.at(-1)?.dph_total);
    }
    expect(seen.size).toBe(87);
  });

  test('several order keys apply one after the other; the default is the score', async () => {
    const offers = await search({
      order: [
        ['num_gpus', 'desc'],
        ['dph_total', 'asc'],
      ],
      limit: 64,
    });
    const ranks = offers.map((offer) => offer.num_gpus * -1000 + Number(offer.dph_total));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    const scores = (await search({})).map(({ score }) => Number(score));
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });

  test('allocated_storage is in the price: dph_base + storage_cost x GB / 720', async () => {
    const [offer] = await search({ ask_contract_id: { eq: 27109936 }, allocated_storage: 60 });
    expect(offer.dph_total).toBeCloseTo(0.335777777767, 9);
    expect(offer.storage_total_cost).toBeCloseTo(0.006666666667, 9);
  });
});

describe('on the way', () => {
  test('no key is needed, a wrong one is refused', async () => {
    const call = vastCaller(sandbox);
    expect((await call('POST', '/api/v0/bundles/', { body: {}, key: null })).status).toBe(200);
    expect((await call('POST', '/api/v0/bundles/', { body: {}, key: 'wrong' })).status).toBe(404);
  });

  test('the official path ends in a slash', async () => {
    expect((await vastCaller(sandbox)('POST', '/api/v0/bundles', { body: {} })).status).toBe(404);
  });

  test('faults: filters ignored, rows doubled', async () => {
    sandbox.vastAi.control.inject('search', 'ignores_filters');
    expect(await search({ num_gpus: { eq: 16 } })).toHaveLength(64);
    sandbox.vastAi.control.inject('search', 'duplicates');
    expect(ids(await search({ ask_contract_id: { eq: 27060888 } }))).toEqual([27060888, 27060888]);
  });
});
