import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offerOf } from '../../../test/support/rentals.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { CandidateSupply } from './candidates.js';
import { OfferClaims } from './offer-claims.js';
import { machineKey } from './offer-keys.js';

function supplyOf(offers: Partial<ProviderOffer>[], used: string[] = []): CandidateSupply {
  const supply = new CandidateSupply(used);
  supply.add(
    offers.map((offer, index) => offerOf({ offerId: String(index), machineId: String(index), ...offer })),
  );
  return supply;
}

const ids = (offers: (ProviderOffer | undefined)[]): (string | undefined)[] =>
  offers.map((offer) => offer?.offerId);

describe('CandidateSupply', () => {
  it('takes the cheapest first', () => {
    const supply = supplyOf([{ pricePerHour: 3 }, { pricePerHour: 1 }, { pricePerHour: 2 }]);
    expect(ids(supply.takeMany(5))).toEqual(['1', '2', '0']);
  });

  it('never takes a machine twice, however many offers it has', () => {
    const supply = supplyOf([{ machineId: 'm' }, { machineId: 'm' }, { machineId: 'n' }]);
    expect(supply.takeMany(5)).toHaveLength(2);
  });

  it('keeps machines of different farms apart', () => {
    const supply = supplyOf([{ machineId: 'm' }, { machineId: 'm', provider: 'static' }]);
    expect(supply.takeMany(5)).toHaveLength(2);
  });

  it('takes an offer as often as its capacity allows where the farm places each contract apart', () => {
    expect(supplyOf([{ provider: 'io.net', machineId: undefined, capacity: 3 }]).takeMany(5)).toHaveLength(3);
  });

  it('leaves what another gang is about to rent for last, until that one is done', () => {
    const claims = new OfferClaims();
    const offers = [1, 2, 3].map((price) =>
      offerOf({ offerId: String(price), machineId: String(price), pricePerHour: price }),
    );
    const supplies = [0, 1, 2].map(() => new CandidateSupply([], claims));
    for (const supply of supplies) supply.add(offers);
    const [one, two, three] = supplies;
    expect(ids(one.takeMany(2))).toEqual(['1', '2']);
    expect(ids(two.takeMany(3))).toEqual(['3', '1', '2']);
    one.endClaims();
    two.endClaims();
    expect(ids(three.takeMany(2))).toEqual(['1', '2']);
  });

  it('shares an offer of several machines among gangs as far as it goes', () => {
    const claims = new OfferClaims();
    const many = { provider: 'io.net', machineId: undefined } as const;
    const offers = [
      offerOf({ ...many, offerId: 'cheap', capacity: 3, pricePerHour: 1 }),
      offerOf({ ...many, offerId: 'dear', capacity: 3, pricePerHour: 2 }),
    ];
    const supplies = [0, 1].map(() => new CandidateSupply([], claims));
    for (const supply of supplies) supply.add(offers);
    expect(ids(supplies[0].takeMany(2))).toEqual(['cheap', 'cheap']);
    expect(ids(supplies[1].takeMany(2))).toEqual(['cheap', 'dear']);
  });

  it('leaves out machines that were used before, exhausted offers and farms that refuse us', () => {
    const supply = supplyOf(
      [{}, {}, { provider: 'io.net', machineId: undefined, capacity: 9 }],
      ['vast.ai/0'],
    );
    supply.avoidProvider('io.net');
    expect(ids(supply.takeMany(5))).toEqual(['1']);
    const exhausted = supplyOf([{}, {}]);
    exhausted.exhaust({ provider: 'vast.ai', offerId: '0' });
    expect(ids(exhausted.takeMany(5))).toEqual(['1']);
  });

  it('respects the price that is left for a replacement', () => {
    const supply = supplyOf([{ pricePerHour: 0.5 }, { pricePerHour: 0.9 }]);
    expect(supply.take(({ pricePerHour }) => pricePerHour <= 0.4)).toBeUndefined();
    expect(supply.take(({ pricePerHour }) => pricePerHour <= 0.5)?.offerId).toBe('0');
  });

  it('keeps what is left of an offer when it is found again', () => {
    const supply = supplyOf([{ provider: 'io.net', machineId: undefined, capacity: 2 }]);
    supply.takeMany(2);
    supply.add([offerOf({ provider: 'io.net', offerId: '0', machineId: undefined, capacity: 2 })]);
    expect(supply.take()).toBeUndefined();
  });

  it('always plans distinct machines in order of price', () => {
    const market = fc.array(
      fc.record({
        machineId: fc.option(fc.integer({ min: 0, max: 20 }).map(String), { nil: undefined }),
        provider: fc.constantFrom('vast.ai' as const, 'io.net' as const),
        capacity: fc.integer({ min: 0, max: 4 }),
        pricePerHour: fc.integer({ min: 1, max: 50 }).map((cents) => cents / 10),
      }),
    );
    fc.assert(
      fc.property(market, fc.integer({ min: 1, max: 16 }), (offers, count) => {
        const taken = supplyOf(offers).takeMany(count);
        const machines = taken.map(machineKey).filter((key) => key !== undefined);
        expect(new Set(machines).size).toBe(machines.length);
        const prices = taken.map(({ pricePerHour }) => pricePerHour);
        expect(prices).toEqual(prices.toSorted((a, b) => a - b));
      }),
    );
  });
});
