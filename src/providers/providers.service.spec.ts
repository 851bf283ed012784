import { Logger } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../common/clock.js';
import type { GpuProvider, ProviderName, ProviderOffer } from './gpu-provider.js';
import { OfferSearch } from './offer-search.js';
import { instanceIdOf, publicOfferId, withoutPrefix } from './provider-ids.js';
import { providerRateLimited, providerUnavailable } from './providers.errors.js';
import { ProvidersService } from './providers.service.js';

Logger.overrideLogger(false);

const offer = (provider: ProviderName, offerId: string, pricePerHour = 1): ProviderOffer => ({
  provider,
  offerId,
  capacity: 1,
  gpuName: 'L4',
  gpuCount: 1,
  vramGb: 24,
  cpuCores: null,
  ramGb: null,
  storageGb: null,
  pricePerHour,
  location: null,
  countryCode: null,
  verified: null,
  reliability: null,
  specifications: {},
});

interface Fake extends GpuProvider {
  searchOffers: ReturnType<typeof vi.fn<GpuProvider['searchOffers']>>;
}

function farm(
  name: ProviderName,
  { aliases = [] as string[], isConfigured = true, changedAt = (): number => 0 } = {},
): Fake {
  const members = { name, aliases, isConfigured: () => isConfigured, offersChangedAt: changedAt };
  const searchOffers = vi.fn<GpuProvider['searchOffers']>(async () => [offer(name, '1')]);
  return { ...members, searchOffers } as unknown as Fake;
}

function open(...members: Fake[]): { service: ProvidersService; clock: ManualClock } {
  const clock = new ManualClock(1_000_000);
  return { service: new ProvidersService(members, new OfferSearch(clock), clock), clock };
}

describe('names', () => {
  const { service } = open(
    farm('vast.ai', { aliases: ['vastai'] }),
    farm('io.net', { aliases: ['ionet'], isConfigured: false }),
  );

  it.each(['vast.ai', 'VAST.AI', 'vastai', 'VastAI', ' vastai '])('%s is vast.ai', (name) => {
    expect(service.byName(name).name).toBe('vast.ai');
  });

  it('that do not exist are 422, in a path 404, and list those that do', () => {
    expect(() => service.byName('aws')).toThrow(
      expect.objectContaining({ code: 'unknown_provider', status: 422 }),
    );
    expect(() => service.byNameInPath('aws')).toThrow(expect.objectContaining({ status: 404 }));
    expect(() => service.byName('aws')).toThrow(/vast\.ai, io\.net/);
  });

  it('of farms without a key are 501', () => {
    expect(() => service.requireConfigured('ionet')).toThrow(
      expect.objectContaining({ code: 'provider_not_configured', status: 501 }),
    );
    expect(() => service.requireConfiguredInPath('io.net')).toThrow(expect.objectContaining({ status: 501 }));
    expect(service.configured().map(({ name }) => name)).toEqual(['vast.ai']);
  });
});

describe('ids', () => {
  it('carry the prefix of their farm outside and none inside', () => {
    expect(publicOfferId({ provider: 'io.net', offerId: '12-1x-3' })).toBe('ionet-12-1x-3');
    expect(instanceIdOf('vast.ai', '31415926')).toBe('vast-31415926');
    expect(withoutPrefix('vast-123', 'vast.ai')).toBe('123');
    expect(withoutPrefix('VAST-123', 'vast.ai')).toBe('123');
    expect(withoutPrefix('123', 'vast.ai')).toBe('123');
    expect(withoutPrefix('ionet-1', 'vast.ai')).toBe('ionet-1');
  });
});

describe('searchAll', () => {
  it('puts the configured farms together, cheapest first within each', async () => {
    const vast = farm('vast.ai');
    vast.searchOffers.mockResolvedValue([offer('vast.ai', 'dear', 2), offer('vast.ai', 'cheap', 1)]);
    const { service } = open(vast, farm('io.net'), farm('static', { isConfigured: false }));
    const { offers, partial } = await service.searchAll({});
    expect(offers.map(({ offerId }) => offerId)).toEqual(['cheap', 'dear', '1']);
    expect(partial).toEqual([]);
  });

  it('names a farm that fails, and serves the others', async () => {
    const vast = farm('vast.ai');
    vast.searchOffers.mockRejectedValue(providerRateLimited('vast.ai', 1));
    const { service } = open(vast, farm('io.net'));
    const { offers, partial } = await service.searchAll({});
    expect(offers.map(({ provider }) => provider)).toEqual(['io.net']);
    expect(partial).toEqual([{ provider: 'vast.ai', code: 'provider_rate_limited' }]);
  });

  it('is a 502 when every asked farm fails and nothing is cached', async () => {
    const vast = farm('vast.ai');
    vast.searchOffers.mockRejectedValue(providerUnavailable('vast.ai', 'x'));
    const { service } = open(vast, farm('io.net'));
    await expect(service.searchAll({}, { providers: ['vast.ai'] })).rejects.toMatchObject({
      code: 'provider_unavailable',
      status: 502,
      data: { partial: [{ provider: 'vast.ai', code: 'provider_unavailable' }] },
    });
  });

  it('asks a farm once in 30 s for the same filters, and again for others', async () => {
    const vast = farm('vast.ai');
    const { service, clock } = open(vast);
    await service.searchAll({ gpuModel: 'RTX 4090' });
    clock.advance(29_000);
    const second = await service.searchAll({ gpuModel: 'rtx_4090' });
    expect(vast.searchOffers).toHaveBeenCalledTimes(1);
    expect(second.asOf).toBe(1_000_000);
    await service.searchAll({ minGpus: 2 });
    clock.advance(2000);
    await service.searchAll({ gpuModel: 'rtx_4090' });
    expect(vast.searchOffers).toHaveBeenCalledTimes(3);
  });

  it('asks once for callers that come together', async () => {
    const vast = farm('vast.ai');
    const { service } = open(vast);
    await Promise.all([1, 2, 3].map(() => service.searchAll({})));
    expect(vast.searchOffers).toHaveBeenCalledTimes(1);
  });

  it('asks again at once after a rent of ours', async () => {
    let changedAt = 0;
    const vast = farm('vast.ai', { changedAt: () => changedAt });
    const { service, clock } = open(vast);
    await service.searchAll({});
    clock.advance(1000);
    changedAt = clock.now();
    clock.advance(1);
    await service.searchAll({});
    expect(vast.searchOffers).toHaveBeenCalledTimes(2);
  });

  it('serves the last answer with its age while a farm fails, for 15 min', async () => {
    const vast = farm('vast.ai');
    const { service, clock } = open(vast);
    await service.searchAll({});
    vast.searchOffers.mockRejectedValue(providerUnavailable('vast.ai', 'x'));
    clock.advance(600_000);
    const stale = await service.searchAll({});
    expect(stale).toMatchObject({
      asOf: 1_000_000,
      partial: [{ provider: 'vast.ai', code: 'provider_unavailable' }],
    });
    expect(stale.offers).toHaveLength(1);
    clock.advance(301_000);
    await expect(service.searchAll({})).rejects.toMatchObject({ status: 502 });
  });

  it('serves nothing old to those who want it fresh', async () => {
    const vast = farm('vast.ai');
    const { service } = open(vast);
    await service.searchAll({});
    await service.searchAll({}, { maxAgeMs: 0 });
    expect(vast.searchOffers).toHaveBeenCalledTimes(2);
    vast.searchOffers.mockRejectedValue(providerUnavailable('vast.ai', 'x'));
    await expect(service.searchAll({}, { maxAgeMs: 0 })).rejects.toMatchObject({ status: 502 });
  });

  it('lets a caller go while the search goes on for the others', async () => {
    const vast = farm('vast.ai');
    let answer: (found: ProviderOffer[]) => void = () => undefined;
    vast.searchOffers.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const { service } = open(vast);
    const impatient = service.searchAll({}, { signal: AbortSignal.abort(new Error('left')) });
    await expect(impatient).rejects.toThrow('left');
    const patient = service.searchAll({});
    answer([offer('vast.ai', '7')]);
    expect((await patient).offers).toHaveLength(1);
    expect(vast.searchOffers).toHaveBeenCalledTimes(1);
  });

  it('names a farm without a key instead of asking it', async () => {
    const { service } = open(farm('io.net', { isConfigured: false }));
    await expect(service.searchAll({}, { providers: ['io.net'] })).rejects.toMatchObject({ status: 501 });
    expect(await service.searchAll({})).toMatchObject({ offers: [], partial: [] });
  });
});
