import { isDomainError } from '../../common/domain-error.js';
import type { FarmClient } from '../farm-client.js';
import type { CallOptions, OfferFilters } from '../gpu-provider.js';
import { mebibytesBelow } from '../nominal-vram.js';
import { countryCodeOf } from '../offer-filters.js';
import { numberOf, textOf, type WireObject } from '../wire-guards.js';
import { isRefused, unexpectedAnswer, vastError } from './vast-ai.errors.js';
import { VastGpuNames } from './vast-ai.gpu-names.js';
import {
  readOffers,
  VAST_PATHS,
  VAST_SEARCH_ROWS,
  type VastBound,
  type VastLane,
  type VastSearchBody,
} from './vast-ai.wire.js';

/** Ten searches a minute are all we have, and the cheapest rows come first: 320 rows are enough. */
const MOST_PAGES = 5;
const PAGES_BEFORE_NARROWING = 2;
const SEARCH_PATIENCE_MS = 15_000;

type Filters = OfferFilters & { diskGb: number };

interface Sweep {
  rows: Map<number, WireObject>;
  /** False when dearer rows were left unread. */
  isWhole: boolean;
}

/** Reads the market with cheapest rows first, page by page, within the farm's ten searches a minute. */
export class VastAiSearch {
  private readonly names = new VastGpuNames();

  constructor(private readonly client: FarmClient<VastLane>) {}

  /**
   * Raw rows that the farm takes for matches; the caller re-checks every bound. A model is a substring, which the farm
   * cannot search for, so that it is narrowed to known names only when the market is too large to be read whole.
   */
  async rows(filters: Filters, options: CallOptions): Promise<WireObject[]> {
    const body = toSearchBody(filters);
    const { gpuModel } = filters;
    const { rows, isWhole } = await this.sweep(body, gpuModel ? PAGES_BEFORE_NARROWING : MOST_PAGES, options);
    const names = gpuModel && !isWhole ? this.names.matching(gpuModel) : [];
    if (names.length === 0) return [...rows.values()];
    const narrowed = await this.sweep({ ...body, gpu_name: { in: names } }, MOST_PAGES, options);
    return [...new Map([...rows, ...narrowed.rows]).values()];
  }

  /** One ask by id. A filter on `id` matches nothing; `ask_contract_id` does. */
  async row(offerId: string, diskGb: number, options: CallOptions): Promise<WireObject | undefined> {
    const body: VastSearchBody = {
      ...PAGE,
      ask_contract_id: { eq: Number(offerId) },
      verified: EITHER,
      rentable: { eq: true },
      rented: { eq: false },
      allocated_storage: diskGb,
      limit: 1,
    };
    const rows = await this.page(body, options);
    return rows.find((row) => String(row.id) === offerId && isRentable(row));
  }

  private async sweep(body: VastSearchBody, mostPages: number, options: CallOptions): Promise<Sweep> {
    const rows = new Map<number, WireObject>();
    let from: VastBound = {};
    for (let page = 1; page <= mostPages; page++) {
      const found = await this.pageOrStop({ ...body, ...priceFrom(body, from) }, rows.size > 0, options);
      if (!found) return { rows, isWhole: false };
      const before = rows.size;
      found.forEach((row) => this.collect(row, rows));
      if (found.length < VAST_SEARCH_ROWS) return { rows, isWhole: true };
      const last = Math.max(...found.map((row) => numberOf(row.dph_total) ?? 0));
      // A page of equal prices and known ids would come again for ever.
      from = rows.size > before ? { gte: last } : { gt: last };
    }
    return { rows, isWhole: false };
  }

  private collect(row: WireObject, rows: Map<number, WireObject>): void {
    const id = numberOf(row.id);
    if (id === null || !isRentable(row)) return;
    rows.set(id, row);
    this.names.learn(textOf(row.gpu_name) ?? '');
  }

  /** Undefined when the farm wants us to slow down and the cheapest rows are there already. */
  private async pageOrStop(
    body: VastSearchBody,
    mayStop: boolean,
    options: CallOptions,
  ): Promise<WireObject[] | undefined> {
    try {
      return await this.page(body, options);
    } catch (error) {
      if (mayStop && isDomainError(error, 'provider_rate_limited')) return undefined;
      throw error;
    }
  }

  private async page(json: VastSearchBody, options: CallOptions): Promise<WireObject[]> {
    const answer = await this.client.call(
      { method: 'POST', path: VAST_PATHS.search, lane: 'search', json, isRepeatable: true },
      { patienceMs: SEARCH_PATIENCE_MS, ...options },
    );
    if (isRefused(answer)) throw vastError(answer);
    const rows = readOffers(answer.body);
    if (!rows) throw unexpectedAnswer();
    return rows;
  }
}

const PAGE = {
  order: [['dph_total', 'asc']],
  limit: VAST_SEARCH_ROWS,
  type: 'on-demand',
} as const satisfies Partial<VastSearchBody>;

/** The server's own default is `true`. */
const EITHER: VastBound = { in: [true, false] };

/** The pushed-down part of the filters, never stricter than our own check of the answer. */
export function toSearchBody(filters: Filters): VastSearchBody {
  const { minVramGb, minGpus, minReliability, verified, maxPricePerHour, location } = filters;
  const countryCode = location === undefined ? undefined : countryCodeOf(location);
  const bounds: Record<string, VastBound | undefined> = {
    verified: verified === undefined ? EITHER : { eq: verified },
    external: { eq: false },
    rentable: { eq: true },
    rented: { eq: false },
    direct_port_count: { gte: filters.minPorts ?? 1 },
    disk_space: { gte: filters.diskGb },
    gpu_ram: above(minVramGb === undefined ? undefined : mebibytesBelow(minVramGb)),
    num_gpus: atLeast(minGpus),
    reliability: atLeast(minReliability),
    dph_total: maxPricePerHour === undefined ? undefined : { lte: maxPricePerHour },
    geolocation: countryCode === undefined ? undefined : { in: [countryCode] },
  };
  const given = Object.entries(bounds).filter(([, bound]) => bound !== undefined);
  return { ...PAGE, allocated_storage: filters.diskGb, ...Object.fromEntries(given) };
}

const atLeast = (bound: number | undefined): VastBound | undefined =>
  bound === undefined ? undefined : { gte: bound };

const above = (bound: number | undefined): VastBound | undefined =>
  bound === undefined ? undefined : { gt: bound };

function priceFrom(body: VastSearchBody, from: VastBound): Pick<VastSearchBody, 'dph_total'> | undefined {
  if (Object.keys(from).length === 0) return undefined;
  return { dph_total: { ...(body.dph_total as VastBound | undefined), ...from } };
}

/** Filters are "not always applied" by the server, so that the scope is checked again here. */
function isRentable(row: WireObject): boolean {
  return row.rentable !== false && row.rented !== true && row.external !== true;
}
