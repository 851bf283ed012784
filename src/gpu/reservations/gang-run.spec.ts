import { describe, expect, it } from 'vitest';
import { offerOf } from '../../../test/support/rentals.js';
import { DomainError } from '../../common/domain-error.js';
import type { ProviderOffer } from '../../providers/gpu-provider.js';
import { CandidateSupply } from './candidates.js';
import type { GangOrder } from './gang-order.js';
import { GangRun } from './gang-run.js';

const priceMicro = ({ pricePerHour }: ProviderOffer): number => Math.round(pricePerHour * 1_000_000);

function gang(prices: number[], order: Partial<GangOrder> = {}): GangRun {
  const supply = new CandidateSupply();
  supply.add(
    prices.map((pricePerHour, index) =>
      offerOf({ offerId: String(index), machineId: String(index), pricePerHour }),
    ),
  );
  return new GangRun({ count: 2, ...order } as GangOrder, supply, 60_000);
}

describe('GangRun', () => {
  it('keeps the total within its bound while members are replaced side by side', () => {
    const run = gang([0.5, 0.6, 0.7], { maxTotalPriceMicro: 900_000 });
    run.assign(0, 300_000);
    run.assign(1, 300_000);
    expect(run.takeFor(0, priceMicro)?.pricePerHour).toBe(0.5);
    expect(run.takeFor(1, priceMicro)).toBeUndefined();
  });

  it('has the share of a member that cannot be had for the others', () => {
    const run = gang([0.5, 0.6], { maxTotalPriceMicro: 700_000 });
    run.assign(0, 300_000);
    run.assign(1, 300_000);
    run.release(0);
    expect(run.takeFor(1, priceMicro)?.pricePerHour).toBe(0.5);
  });

  it('takes the next machine whatever it costs when there is no bound', () => {
    expect(gang([90]).takeFor(0, priceMicro)?.pricePerHour).toBe(90);
  });

  it('is over once it is canceled, given up, or has failed too often', () => {
    const canceled = new AbortController();
    const unwanted = gang([1], { canceled: canceled.signal });
    expect(unwanted.isOver).toBe(false);
    canceled.abort();
    expect(unwanted.isOver).toBe(true);

    const given = gang([1]);
    given.giveUp();
    expect(given.isOver).toBe(true);
    expect(given.signal.aborted).toBe(true);

    const ill = gang([1]);
    for (let tries = 0; tries < 12; tries++) ill.report(offerOf(), new Error('no'));
    expect(ill.isOver).toBe(true);
    expect(ill.errors[0]).toEqual({ provider: 'vast.ai', offer_id: '100', code: 'rent_failed' });
  });

  it('leaves a farm alone that refuses our account, and an offer that is gone', () => {
    const run = gang([1, 2]);
    run.report(offerOf({ offerId: '0' }), new DomainError('offer_gone', 410, 'gone'));
    expect(run.takeFor(0, priceMicro)?.offerId).toBe('1');
    const refused = gang([1, 2]);
    refused.report(offerOf(), new DomainError('provider_out_of_credit', 503, 'no money'));
    expect(refused.takeFor(0, priceMicro)).toBeUndefined();
  });
});
