import type { FarmAnswer, FarmCall } from '../farm-call.js';
import { ok } from '../farm-call.js';
import { compareValues, passes } from './operators.js';
import { invalidArgs } from './vast.errors.js';
import type { VastMarket } from './vast-market.js';
import { countryOf, priceParts, roundPrice, storagePerHour, type VastOffer } from './vast-offer.js';

/** More rows than this never come back, whatever `limit` asks for. */
const MAX_ROWS = 64;
const DEFAULT_STORAGE_GB = 8;

/** Filters that hold unless the request sets the same column. */
const DEFAULT_FILTERS = { verified: { eq: true }, rentable: { eq: true }, rented: { eq: false } };

/** Keys of the body that are no filters. */
const OPTIONS = new Set([
  'order',
  'limit',
  'type',
  'allocated_storage',
  'disable_bundling',
  'georegion',
  'chunked',
  'extra_ids',
  'client_id',
  'owner',
]);

const TYPES = new Set(['on-demand', 'ondemand', 'bid', 'reserved', 'interruptible']);

/** Columns whose filter compares something else than the answer's field of that name. */
const VIRTUAL_COLUMNS: Readonly<Record<string, (offer: VastOffer) => unknown>> = {
  verified: (offer) => offer.verification === 'verified',
  geolocation: (offer) => countryOf(offer.geolocation),
  external: (offer) => offer.external === true,
  datacenter: (offer) => offer.hosting_type === 1,
  driver_version: (offer) => offer.driver_vers,
  // A filter on `id` matches nothing; an ask is found by `ask_contract_id`.
  id: () => undefined,
};

interface SearchBody {
  order?: [column: string, direction: string][];
  limit?: number;
  type?: string;
  allocated_storage?: number;
  [column: string]: unknown;
}

/** `POST /api/v0/bundles/`. */
export function search(market: VastMarket, call: FarmCall): FarmAnswer {
  const body = (call.body ?? {}) as SearchBody;
  const type = body.type ?? 'on-demand';
  if (!TYPES.has(type)) throw invalidArgs(`type ${type} is not one of on-demand, bid, reserved`);
  const isBid = type === 'bid' || type === 'interruptible';
  const priced = market
    .rows()
    .map((offer) => price(offer, body.allocated_storage ?? DEFAULT_STORAGE_GB, isBid));
  const matching = call.fault?.effect === 'ignores_filters' ? priced : priced.filter(filterOf(body));
  const offers = sorted(matching, body.order).slice(0, limitOf(body.limit));
  return ok({
    offers: call.fault?.effect === 'duplicates' ? offers.flatMap((offer) => [offer, offer]) : offers,
  });
}

function limitOf(limit: unknown): number {
  if (limit === undefined || limit === null) return MAX_ROWS;
  if (!Number.isInteger(limit) || (limit as number) < 0) throw invalidArgs('limit must be a whole number');
  return Math.min(limit as number, MAX_ROWS);
}

function filterOf(body: SearchBody): (offer: VastOffer) => boolean {
  const filters = Object.entries({ ...DEFAULT_FILTERS, ...body }).filter(([column]) => !OPTIONS.has(column));
  return (offer) => filters.every(([column, conditions]) => passes(columnValue(offer, column), conditions));
}

function columnValue(offer: VastOffer, column: string): unknown {
  if (Object.hasOwn(VIRTUAL_COLUMNS, column)) return VIRTUAL_COLUMNS[column](offer);
  if (!Object.hasOwn(offer, column)) throw invalidArgs(`${column} is not a column`);
  return offer[column];
}

function sorted(offers: VastOffer[], order: SearchBody['order'] = [['score', 'desc']]): VastOffer[] {
  if (!Array.isArray(order)) throw invalidArgs('order must be [[column, direction], ...]');
  return offers.toSorted((left, right) => {
    for (const [column, direction] of order) {
      const difference = compareValues(columnValue(left, column), columnValue(right, column));
      if (difference !== 0) return direction === 'desc' ? -difference : difference;
    }
    return 0;
  });
}

/** The row with its prices for the disk and the kind of rent that were asked for. */
function price(offer: VastOffer, storageGb: number, isBid: boolean): VastOffer {
  const gpu = isBid ? offer.min_bid : offer.dph_base;
  const disk = storagePerHour(offer, storageGb);
  const total = roundPrice(gpu + disk);
  const onDemandTotal = roundPrice(offer.dph_base + disk);
  return {
    ...offer,
    is_bid: isBid,
    dph_base: gpu,
    dph_total: total,
    dph_total_adj: onDemandTotal,
    storage_total_cost: disk,
    search: priceParts(gpu, disk),
    instance: priceParts(0, disk),
    discounted_dph_total: onDemandTotal,
    dlperf_per_dphtotal: offer.dlperf / total,
    flops_per_dphtotal: (offer.total_flops * 1000) / total,
  };
}
