import { Logger } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import type { OfferFilters } from '../../src/providers/gpu-provider.js';
import { matchesFilters } from '../../src/providers/offer-filters.js';
import { openIoNet, openStatic, openVastAi, type FarmUnderTest } from '../support/gpu-farms.js';
import { cheapest, codeOf, idsOf, isGone, isUp, orderFor, reach, use } from '../support/gpu-orders.js';

Logger.overrideLogger(false);

const FILTERS: readonly OfferFilters[] = [
  { minVramGb: 24 },
  { minVramGb: 80 },
  { maxPricePerHour: 0.5 },
  { gpuModel: 'rtx_4090' },
  { gpuModel: 'H100' },
  { minGpus: 2 },
  { location: 'US' },
  { location: 'germ' },
  { verified: true },
  { verified: false },
  { minReliability: 0.98 },
  { minVramGb: 24, maxPricePerHour: 1, minGpus: 2 },
];

describe.each([
  { farm: 'vast.ai', open: () => openVastAi() },
  { farm: 'io.net', open: () => openIoNet() },
  { farm: 'static on SQLite', open: () => openStatic('sqlite') },
  { farm: 'static on PostgreSQL', open: () => openStatic('postgres') },
])('every farm: $farm', ({ open }) => {
  it('offers what is rentable, and a filter keeps exactly what matches', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const everything = await provider.searchOffers({}, {});
    expect(everything.length).toBeGreaterThan(0);
    for (const filters of FILTERS) {
      const found = await provider.searchOffers(filters, {});
      const expected = everything.filter((offer) => matchesFilters(offer, filters));
      expect([filters, idsOf(found)]).toEqual([filters, idsOf(expected)]);
    }
  });

  it('describes each offer in full, with an id of its own that is safe in a URL', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const offers = await provider.searchOffers({}, {});
    expect(new Set(offers.map(({ offerId }) => offerId)).size).toBe(offers.length);
    for (const offer of offers) {
      expect(offer.offerId).toMatch(/^[\w.-]+$/);
      expect(offer.provider).toBe(provider.name);
      expect(offer.capacity).toBeGreaterThan(0);
      expect(offer.gpuCount).toBeGreaterThan(0);
      expect(offer.pricePerHour).toBeGreaterThan(0);
      expect(offer.vramGb).toBeGreaterThan(0);
    }
  });

  it('finds an offer again by its id, and none that does not exist', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const offer = await cheapest(provider);
    expect(await provider.findOffer(offer.offerId, {})).toMatchObject({
      offerId: offer.offerId,
      gpuName: offer.gpuName,
      pricePerHour: expect.closeTo(offer.pricePerHour, 6) as number,
    });
    expect(await provider.findOffer('999999999', {})).toBeUndefined();
    expect(await provider.findOffer('../../etc', {})).toBeUndefined();
  });

  it('rents, comes up with an address, and is gone after the destroy, also when that is repeated', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const order = orderFor(await cheapest(provider));
    const { contractId } = await provider.rent(order, {});
    const running = await reach(provider, contractId, isUp);
    const [origin] = running?.origins.values() ?? [];
    expect(new URL(origin ?? '').origin).toBe(origin);
    await provider.destroyContract(contractId, {});
    await provider.destroyContract(contractId, {});
    await reach(provider, contractId, isGone);
    await provider.destroyContract(contractId, {});
  });

  it('lists contracts by the start of their label, all of them and no other', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const offers = (await provider.searchOffers({}, {})).slice(0, 3);
    const orders = offers.map((offer, index) =>
      orderFor(offer, { label: `gpx-${index === 0 ? 'x' : 'y'}-${index}` }),
    );
    const rented: string[] = [];
    for (const order of orders) rented.push((await provider.rent(order, {})).contractId);
    const listed = await provider.listContracts('gpx-y-', {});
    expect(listed.map(({ contractId }) => contractId).toSorted()).toEqual(rented.slice(1).toSorted());
    expect(listed.map(({ label }) => label).toSorted()).toEqual(['gpx-y-1', 'gpx-y-2']);
  });

  it('shows running contracts in the list with the address that they are shown with alone', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const order = orderFor(await cheapest(provider));
    const { contractId } = await provider.rent(order, {});
    const shown = await reach(provider, contractId, isUp);
    const [listed] = await provider.listContracts(order.label, {});
    expect(listed).toMatchObject({ contractId, state: 'running', label: order.label });
    expect([...listed.origins]).toEqual([...(shown?.origins ?? [])]);
  });

  it('does not know a foreign contract, and destroying it is a success', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    for (const id of ['987654321', 'b8c3f6a2-4d1e-4f7a-9a55-0c6de1a7f301', '../../users']) {
      expect(await provider.showContract(id, {})).toBeUndefined();
      await provider.destroyContract(id, {});
    }
  });

  it('refuses a rent of an offer that somebody else took', async () => {
    const { provider, takeAway } = await use<FarmUnderTest>(open());
    const offer = await cheapest(provider);
    await takeAway(offer);
    expect(await codeOf(provider.rent(orderFor(offer), {}))).toBe('offer_gone');
    expect(await provider.findOffer(offer.offerId, {})).toBeUndefined();
  });

  it('refuses a rent above the price limit without renting', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const offer = await cheapest(provider);
    const order = orderFor(offer, { maxPricePerHour: offer.pricePerHour / 2 });
    expect(await codeOf(provider.rent(order, {}))).toBe('offer_gone');
    expect(await provider.listContracts(order.label, {})).toEqual([]);
  });

  it('tells that its offers changed when one is rented or given back', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const before = Date.now();
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    expect(provider.offersChangedAt?.()).toBeGreaterThanOrEqual(before);
    await provider.destroyContract(contractId, {});
  });

  it('reads the last lines of the output', async () => {
    const { provider } = await use<FarmUnderTest>(open());
    const { contractId } = await provider.rent(orderFor(await cheapest(provider)), {});
    await reach(provider, contractId, isUp);
    const logs = await provider.readLogs(contractId, { tail: 2 });
    expect(logs.split('\n').length).toBeLessThanOrEqual(2);
    expect(logs).not.toMatch(/^data:/m);
    // Own machines keep their output to themselves.
    expect(logs !== '' || provider.name === 'static').toBe(true);
  });
});
