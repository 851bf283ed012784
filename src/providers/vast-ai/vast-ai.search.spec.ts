import { describe, expect, it, vi } from 'vitest';
import type { FarmClient } from '../farm-client.js';
import { providerRateLimited } from '../providers.errors.js';
import type { WireObject } from '../wire-guards.js';
import { toSearchBody, VastAiSearch } from './vast-ai.search.js';
import type { VastLane, VastSearchBody } from './vast-ai.wire.js';

describe('the body of a search', () => {
  it('names the scope that the server would otherwise choose, and the disk that is priced', () => {
    expect(toSearchBody({ diskGb: 40 })).toEqual({
      order: [['dph_total', 'asc']],
      limit: 64,
      type: 'on-demand',
      allocated_storage: 40,
      verified: { in: [true, false] },
      external: { eq: false },
      rentable: { eq: true },
      rented: { eq: false },
      direct_port_count: { gte: 1 },
      disk_space: { gte: 40 },
    });
  });

  it('pushes down every bound that the farm can keep, none of them stricter than ours', () => {
    const body = toSearchBody({
      diskGb: 8,
      minVramGb: 24,
      maxPricePerHour: 0.5,
      minGpus: 2,
      verified: true,
      minReliability: 0.98,
      location: 'uk',
      minPorts: 3,
    });
    expect(body).toMatchObject({
      gpu_ram: { gt: 20_992 },
      dph_total: { lte: 0.5 },
      num_gpus: { gte: 2 },
      verified: { eq: true },
      reliability: { gte: 0.98 },
      geolocation: { in: ['GB'] },
      direct_port_count: { gte: 3 },
    });
  });

  it('leaves substrings to us', () => {
    expect(toSearchBody({ diskGb: 8, location: 'texas', gpuModel: '4090' })).not.toHaveProperty(
      'geolocation',
    );
    expect(toSearchBody({ diskGb: 8, gpuModel: '4090' })).not.toHaveProperty('gpu_name');
  });
});

/** A market that answers like the farm: filters on price and name, 64 rows at most. */
function openMarket(rows: WireObject[]): { search: VastAiSearch; bodies: VastSearchBody[] } {
  const bodies: VastSearchBody[] = [];
  const call = vi.fn<FarmClient<VastLane>['call']>(async ({ json }) => {
    const body = json as VastSearchBody;
    bodies.push(body);
    const { gte = 0, gt = -1 } = (body.dph_total ?? {}) as { gte?: number; gt?: number };
    const names = (body.gpu_name as { in: unknown[] } | undefined)?.in;
    const found = rows
      .filter(({ dph_total: price }) => Number(price) >= gte && Number(price) > gt)
      .filter(({ gpu_name: name }) => !names || names.includes(name))
      .toSorted((a, b) => Number(a.dph_total) - Number(b.dph_total));
    return { status: 200, body: { offers: found.slice(0, 64) }, text: '' };
  });
  return { search: new VastAiSearch({ call } as unknown as FarmClient<VastLane>), bodies };
}

const rowsOf = (
  count: number,
  price: (index: number) => number,
  name = 'RTX 3060',
  firstId = 1,
): WireObject[] =>
  Array.from({ length: count }, (_, index) => ({
    id: firstId + index,
    dph_total: price(index),
    gpu_name: name,
  }));

describe('a search', () => {
  it('pages by price until the market ends, and counts nothing twice', async () => {
    const { search, bodies } = openMarket(rowsOf(150, (index) => Math.floor(index / 3)));
    expect(await search.rows({ diskGb: 8 }, {})).toHaveLength(150);
    expect(bodies.map(({ dph_total: bound }) => bound)).toEqual([undefined, { gte: 21 }, { gte: 42 }]);
  });

  it('gets past a page of equal prices', async () => {
    const { search } = openMarket([...rowsOf(100, () => 1), ...rowsOf(10, () => 2, 'L4', 1000)]);
    const ids = (await search.rows({ diskGb: 8 }, {})).map(({ id }) => id);
    expect(ids).toContain(1009);
  });

  it('stops after five pages: ten searches a minute are all there is', async () => {
    const { search, bodies } = openMarket(rowsOf(5000, (index) => index));
    expect((await search.rows({ diskGb: 8 }, {})).length).toBeGreaterThan(300);
    expect(bodies).toHaveLength(5);
  });

  it('finds a dear model behind thousands of cheap ones', async () => {
    const { search } = openMarket([
      ...rowsOf(5000, (index) => index),
      ...rowsOf(2, () => 9000, 'H100 SXM', 8000),
    ]);
    const names = (await search.rows({ diskGb: 8, gpuModel: 'h100' }, {})).map(({ gpu_name: name }) => name);
    expect(names.filter((name) => name === 'H100 SXM')).toHaveLength(2);
  });

  it('knows models that the catalogue does not, once it has met them', async () => {
    const { search } = openMarket([
      ...rowsOf(1, () => 200, 'X999 SXM', 7000),
      ...rowsOf(5000, (index) => index + 1),
    ]);
    await search.rows({ diskGb: 8 }, {});
    const found = await search.rows({ diskGb: 8, gpuModel: 'x999' }, {});
    expect(found.some(({ id }) => id === 7000)).toBe(true);
  });

  it('leaves out what is let or stands outside the market, whatever the filters did', async () => {
    const rows = rowsOf(4, (index) => index);
    const market = [
      rows[0],
      { ...rows[1], rented: true },
      { ...rows[2], rentable: false },
      { ...rows[3], external: true },
    ];
    const found = await openMarket(market).search.rows({ diskGb: 8 }, {});
    expect(found.map(({ id }) => id)).toEqual([1]);
  });

  it('keeps the cheapest pages when the farm wants no more searches', async () => {
    const full = { status: 200, body: { offers: rowsOf(64, (index) => index) }, text: '' };
    const call = vi
      .fn<FarmClient<VastLane>['call']>()
      .mockResolvedValueOnce(full)
      .mockRejectedValueOnce(providerRateLimited('vast.ai', 1));
    const search = new VastAiSearch({ call } as unknown as FarmClient<VastLane>);
    expect(await search.rows({ diskGb: 8 }, {})).toHaveLength(64);
  });

  it.each([{}, { offers: {} }, [], 'text', undefined])(
    'fails on an answer that is no market: %j',
    async (body) => {
      const call = vi.fn<FarmClient<VastLane>['call']>().mockResolvedValue({ status: 200, body, text: '' });
      const search = new VastAiSearch({ call } as unknown as FarmClient<VastLane>);
      await expect(search.rows({ diskGb: 8 }, {})).rejects.toMatchObject({ code: 'provider_unavailable' });
    },
  );
});
