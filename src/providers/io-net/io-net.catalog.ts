import { LRUCache } from 'lru-cache';
import { isDomainError, type DomainError } from '../../common/domain-error.js';
import type { FarmClient } from '../farm-client.js';
import type { CallOptions, OfferFilters, ProviderOffer } from '../gpu-provider.js';
import { mapLimited } from '../map-limited.js';
import { isModel, matchesFilters } from '../offer-filters.js';
import type { HttpAnswer } from '../provider-http.js';
import { ioNetError, isRefused, unexpectedAnswer } from './io-net.errors.js';
import { gpuMemoryGb } from './io-net.gpu-memory.js';
import { toOffer } from './io-net.mapping.js';
import {
  IO_NET_PATHS,
  readHardware,
  readLocations,
  readTotalCost,
  type IoNetHardware,
  type IoNetLane,
  type IoNetLocation,
  type IoNetSelection,
} from './io-net.wire.js';

const HARDWARE_TTL_MS = 60_000;
const PRICE_TTL_MS = 300_000;
const CALLS_AT_ONCE = 6;
/** A search asks for replicas and a price per kind and size; beyond this the largest sizes are left out. */
const MOST_SELECTIONS = 80;
const USUAL_SIZES = [1, 2, 4, 8] as const;

interface Selection {
  hardware: IoNetHardware;
  gpus: number;
}

/**
 * Makes offers of what io.net has: hardware, GPUs per container, and places with free replicas. A price is asked per
 * hardware and size at the place with most replicas and kept for minutes, because the farm's price list knows no
 * places; a rent asks again for its own place.
 */
export class IoNetCatalog {
  private readonly hardware: LRUCache<string, IoNetHardware[]>;
  private readonly prices: LRUCache<string, { dollars: number }>;

  constructor(private readonly client: FarmClient<IoNetLane>) {
    this.hardware = new LRUCache({ max: 1, ttl: HARDWARE_TTL_MS, fetchMethod: () => this.readHardware() });
    this.prices = new LRUCache({ max: 2000, ttl: PRICE_TTL_MS });
  }

  async offers(filters: OfferFilters, options: CallOptions): Promise<ProviderOffer[]> {
    const selections = selectionsOf(await this.allHardware(), filters);
    const offers = await mapLimited(selections, CALLS_AT_ONCE, (selection) =>
      this.offersOf(selection, options),
    );
    return offers.flat().filter((offer) => matchesFilters(offer, filters));
  }

  /** One selection with its replicas and its price as they are now. */
  async offer(selection: IoNetSelection, options: CallOptions): Promise<ProviderOffer | undefined> {
    const { hardwareId, gpus, locationId } = selection;
    const hardware = (await this.allHardware()).find((kind) => kind.hardwareId === hardwareId);
    if (!hardware || gpus > hardware.maxGpus) return undefined;
    const location = (await this.locations(hardwareId, gpus, options)).find(({ id }) => id === locationId);
    if (!location || location.replicas < 1) return undefined;
    const pricePerHour = await this.pricePerHour(selection, 1, options);
    return toOffer(hardware, location, { gpus, pricePerHour });
  }

  /** Dollars per hour of one replica bought for `hours`, fees included. */
  async pricePerHour(selection: IoNetSelection, hours: number, options: CallOptions): Promise<number> {
    const total = readTotalCost((await this.read(IO_NET_PATHS.price(selection, hours), options)).body);
    if (total === undefined || total <= 0) throw unexpectedAnswer();
    return Number((total / hours).toFixed(9));
  }

  /** A kind or size that the farm does not take after all is left out; any other failure fails the search. */
  private async offersOf({ hardware, gpus }: Selection, options: CallOptions): Promise<ProviderOffer[]> {
    try {
      const all = await this.locations(hardware.hardwareId, gpus, options);
      const locations = all
        .filter(({ replicas }) => replicas > 0)
        .toSorted((a, b) => b.replicas - a.replicas);
      if (locations.length === 0) return [];
      const price = await this.listPrice(
        { hardwareId: hardware.hardwareId, gpus, locationId: locations[0].id },
        options,
      );
      return locations.map((location) => toOffer(hardware, location, { gpus, pricePerHour: price }));
    } catch (error) {
      if (isDomainError(error) && isRefusalOfSelection(error)) return [];
      throw error;
    }
  }

  private async listPrice(selection: IoNetSelection, options: CallOptions): Promise<number> {
    const key = `${selection.hardwareId}/${selection.gpus}`;
    const known = this.prices.get(key);
    if (known) return known.dollars;
    const dollars = await this.pricePerHour(selection, 1, options);
    this.prices.set(key, { dollars });
    return dollars;
  }

  private async allHardware(): Promise<IoNetHardware[]> {
    return this.hardware.forceFetch('all');
  }

  private async readHardware(): Promise<IoNetHardware[]> {
    const hardware = readHardware((await this.read(IO_NET_PATHS.hardware, {})).body);
    if (!hardware) throw unexpectedAnswer();
    return hardware;
  }

  private async locations(hardwareId: number, gpus: number, options: CallOptions): Promise<IoNetLocation[]> {
    const locations = readLocations((await this.read(IO_NET_PATHS.replicas(hardwareId, gpus), options)).body);
    if (!locations) throw unexpectedAnswer();
    return locations;
  }

  private async read(path: string, options: CallOptions): Promise<HttpAnswer> {
    const answer = await this.client.call({ method: 'GET', path, lane: 'read', isRepeatable: true }, options);
    if (isRefused(answer)) throw ioNetError(answer);
    return answer;
  }
}

function isRefusalOfSelection({ code }: DomainError): boolean {
  return ['provider_rejected', 'offer_gone', 'contract_not_found'].includes(code);
}

/** What is worth asking for: the filters that need no call are applied first, small sizes come first. */
function selectionsOf(all: readonly IoNetHardware[], filters: OfferFilters): Selection[] {
  return all
    .filter(({ name }) => filters.gpuModel === undefined || isModel(name, filters.gpuModel))
    .filter(({ name }) => gpuMemoryGb(name) >= (filters.minVramGb ?? 0))
    .flatMap((hardware) => sizesOf(hardware, filters.minGpus ?? 1).map((gpus) => ({ hardware, gpus })))
    .toSorted((a, b) => a.gpus - b.gpus)
    .slice(0, MOST_SELECTIONS);
}

function sizesOf({ maxGpus, available }: IoNetHardware, minGpus: number): number[] {
  const sizes = new Set([...USUAL_SIZES, maxGpus].filter((size) => size <= maxGpus && size <= available));
  return [...sizes].filter((size) => size >= minGpus);
}
