import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { openVastAi, type RemoteFarmUnderTest } from '../support/gpu-farms.js';
import { cheapest, codeOf, idsOf, isUp, orderFor, reach, use } from '../support/gpu-orders.js';

Logger.overrideLogger(false);

describe('the adapter of vast.ai', () => {
  it('reads the whole market although a page has 64 rows, without a row twice', async () => {
    const { provider } = await use<RemoteFarmUnderTest>(openVastAi());
    const offers = await provider.searchOffers({}, {});
    expect(offers.length).toBeGreaterThan(64);
  });

  it('calls nothing rentable that is let, cannot map a port or stands outside the market', async () => {
    const { provider } = await use<RemoteFarmUnderTest>(openVastAi());
    const ids = idsOf(await provider.searchOffers({}, {}));
    for (const id of ['27108676', '27107280', '27115960']) expect(ids).not.toContain(id);
    expect(ids).toContain('27103055');
  });

  it('checks every bound itself when the farm ignores the filters', async () => {
    const farm = await use<RemoteFarmUnderTest>(openVastAi());
    farm.sandbox.vastAi.control.inject('search', 'ignores_filters', { times: 5 });
    const found = await farm.provider.searchOffers({ minVramGb: 80, maxPricePerHour: 2, verified: true }, {});
    expect(found.length).toBeGreaterThan(0);
    expect(
      found.every(({ vramGb, pricePerHour, verified }) => vramGb >= 80 && pricePerHour <= 2 && verified),
    ).toBe(true);
  });

  it('takes the dead list of v0 for a failure', async () => {
    const farm = await use<RemoteFarmUnderTest>(openVastAi());
    farm.sandbox.vastAi.control.inject('list', 'gone_410', { times: 5 });
    expect(await codeOf(farm.provider.listContracts('gpx-', {}))).toBe('provider_unavailable');
  });

  it('destroys the stopped contract that a refused rent leaves behind', async () => {
    const farm = await use<RemoteFarmUnderTest>(openVastAi());
    const order = orderFor(await cheapest(farm.provider));
    farm.sandbox.vastAi.control.inject('rent', 'bid_too_low');
    expect(await codeOf(farm.provider.rent(order, {}))).toBe('provider_rejected');
    expect(farm.activeContracts()).toBe(0);
  });

  it('understands a refusal that comes with status 200', async () => {
    const farm = await use<RemoteFarmUnderTest>(openVastAi());
    farm.sandbox.vastAi.control.inject('rent', 'refused_with_200');
    expect(await codeOf(farm.provider.rent(orderFor(await cheapest(farm.provider)), {}))).toBe('offer_gone');
  });

  it('lists more contracts than one page holds', async () => {
    const { provider } = await use<RemoteFarmUnderTest>(openVastAi({ timeScale: 1 }));
    const machines = new Map((await provider.searchOffers({}, {})).map((offer) => [offer.machineId, offer]));
    const offers = [...machines.values()].slice(0, 30);
    for (const offer of offers)
      await provider.rent(orderFor(offer, { label: `gpx-many-${offer.offerId}`, diskGb: 8 }), {});
    expect(await provider.listContracts('gpx-many-', {})).toHaveLength(30);
  });

  it('prices an offer for the disk that will be rented', async () => {
    const { provider } = await use<RemoteFarmUnderTest>(openVastAi());
    const offer = await cheapest(provider);
    const [small, large] = await Promise.all(
      [8, 200].map((diskGb) => provider.findOffer(offer.offerId, { diskGb })),
    );
    expect(large?.pricePerHour).toBeGreaterThan(small?.pricePerHour ?? Infinity);
  });

  it('keeps the pace of the farm and earns no 429', async () => {
    const farm = await use<RemoteFarmUnderTest>(openVastAi({ rateScale: 0.04 }));
    const { provider, sandbox } = farm;
    const offers = await provider.searchOffers({}, {});
    expect(provider.rentDelayMs(0)).toBe(0);
    expect(provider.rentDelayMs(2)).toBeGreaterThanOrEqual(2 * 180);
    const rents = offers.slice(0, 3).map((offer) => provider.rent(orderFor(offer), {}));
    const contracts = await Promise.all(rents);
    await Promise.all(contracts.map(({ contractId }) => provider.showContract(contractId, {})));
    await Promise.all(contracts.map(({ contractId }) => provider.destroyContract(contractId, {})));
    expect(sandbox.vastAi.control.calls().filter(({ status }) => status === 429)).toEqual([]);
  });

  it('answers provider_busy before a rent that would queue longer than its patience', async () => {
    const { provider } = await use<RemoteFarmUnderTest>(openVastAi({ rateScale: 1 }));
    const [first, second] = await provider.searchOffers({}, {});
    await provider.rent(orderFor(first), {});
    expect(await codeOf(provider.rent(orderFor(second), { patienceMs: 1000 }))).toBe('provider_busy');
  });

  it.each([
    ['outbid', 'stopped', 'outbid'],
    ['goOffline', 'offline', 'host offline'],
    ['becomeUnknown', 'offline', 'host sends no heartbeat'],
    ['freeze', 'failed', 'frozen'],
    ['exit', 'failed', 'container exited'],
    ['endContract', 'stopped', 'contract_end'],
  ] as const)('tells what became of a running contract: %s', async (happening, state, reason) => {
    const { provider, sandbox } = await use<RemoteFarmUnderTest>(openVastAi());
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    await reach(provider, contractId, isUp);
    sandbox.vastAi.control[happening](Number(contractId));
    expect(await provider.showContract(contractId, {})).toMatchObject({ state, reason });
  });
});
