import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import type { Tally } from '../../common/metrics/tally.js';
import { AppConfig } from '../../config/config.js';
import { FarmClient } from '../farm-client.js';
import type {
  CallOptions,
  EndedContract,
  GpuProvider,
  OfferFilters,
  ProviderContract,
  ProviderOffer,
  RentedContract,
  RentRequest,
} from '../gpu-provider.js';
import { lastLines } from '../last-lines.js';
import { matchesFilters } from '../offer-filters.js';
import { ID_PREFIXES } from '../provider-ids.js';
import { ProviderHttp, type HttpAnswer } from '../provider-http.js';
import { contractNotFound, offerGone, rentOutcomeUnknown } from '../providers.errors.js';
import { checkRentRequest } from '../rent-request.js';
import { idOf, objectOf, textOf, type WireObject } from '../wire-guards.js';
import { readVastBills } from './vast-ai.bills.js';
import { isRefused, unexpectedAnswer, vastError, vastFault } from './vast-ai.errors.js';
import { readAllInstances } from './vast-ai.list.js';
import { VastAiLogs } from './vast-ai.logs.js';
import { priceColumns, priceFor, toContract, toOffer } from './vast-ai.mapping.js';
import { rentedDiskGb, toRentBody } from './vast-ai.rent-body.js';
import { VastAiSearch } from './vast-ai.search.js';
import { readInstance, VAST_PATHS, VAST_RATES, type VastLane } from './vast-ai.wire.js';

const NUMERIC_ID = /^\d{1,15}$/;
/** How long a price that a search has shown is good enough to rent by, sparing one of ten searches a minute. */
const PRICE_MEMORY_MS = 60_000;
const DESTROY_PATIENCE_MS = 300_000;

/** The marketplace vast.ai: offers are single asks of hosts, billed by the second, with ports mapped at random. */
@Injectable()
export class VastAiAdapter implements GpuProvider, OnModuleDestroy {
  readonly name = 'vast.ai';
  readonly aliases = ['vastai'] as const;
  readonly idPrefix = ID_PREFIXES['vast.ai'];
  readonly isPrepaid = false;
  readonly minimumHours = 0;

  private readonly logger = new Logger(VastAiAdapter.name);
  private readonly apiKey?: string;
  private changedAt = 0;
  private readonly http: ProviderHttp;
  private readonly client: FarmClient<VastLane>;
  private readonly search: VastAiSearch;
  private readonly logs: VastAiLogs;
  private readonly pricedRows = new LRUCache<string, WireObject>({ max: 5000, ttl: PRICE_MEMORY_MS });

  constructor(
    { providers }: AppConfig,
    private readonly clock: Clock,
  ) {
    const { apiKey, apiUrl } = providers.vastAi;
    const baseUrl = apiUrl.replace(/\/+$/, '');
    const { rateScale } = providers;
    this.apiKey = apiKey;
    this.http = new ProviderHttp(providers.apiTimeoutMs, clock);
    this.client = new FarmClient(
      {
        provider: this.name,
        baseUrl,
        headers: { authorization: `Bearer ${apiKey}` },
        rates: VAST_RATES,
        rateScale,
      },
      this.http,
      clock,
    );
    this.search = new VastAiSearch(this.client);
    this.logs = new VastAiLogs(this.http, clock, baseUrl);
  }

  get callOutcomes(): Tally {
    return this.client.outcomes;
  }

  isConfigured(): boolean {
    return Boolean(this.apiKey);
  }

  async searchOffers(filters: OfferFilters, options: CallOptions): Promise<ProviderOffer[]> {
    const diskGb = rentedDiskGb(filters.diskGb ?? 0);
    const minPorts = filters.minPorts ?? 1;
    const rows = await this.search.rows({ ...filters, diskGb }, options);
    rows.forEach((row) => this.pricedRows.set(String(row.id), priceColumns(row)));
    return rows
      .filter((row) => Number(row.direct_port_count ?? minPorts) >= minPorts)
      .map((row) => toOffer(row, diskGb))
      .filter((offer) => offer !== undefined)
      .filter((offer) => matchesFilters(offer, filters));
  }

  async findOffer(
    offerId: string,
    { diskGb = 0, ...options }: CallOptions & { diskGb?: number },
  ): Promise<ProviderOffer | undefined> {
    if (!NUMERIC_ID.test(offerId)) return undefined;
    const row = await this.search.row(offerId, rentedDiskGb(diskGb), options);
    if (row) this.pricedRows.set(offerId, priceColumns(row));
    return row && toOffer(row, rentedDiskGb(diskGb));
  }

  async rent(request: RentRequest, options: CallOptions): Promise<RentedContract> {
    checkRentRequest(this.name, request);
    if (!NUMERIC_ID.test(request.offerId)) throw offerGone(this.name);
    const json = toRentBody(request);
    const pricePerHour = await this.agreedPrice(request, options);
    const path = VAST_PATHS.ask(request.offerId);
    const answer = await this.client.call(
      { method: 'PUT', path, lane: 'create', json, isRepeatable: false },
      options,
    );
    this.changedAt = this.clock.now();
    this.pricedRows.delete(request.offerId);
    return { contractId: await this.rentedContractId(answer), pricePerHour };
  }

  async listContracts(labelPrefix: string, options: CallOptions): Promise<ProviderContract[]> {
    const instances = await readAllInstances(this.client, options);
    return instances
      .filter((instance) => (textOf(instance.label) ?? '').startsWith(labelPrefix))
      .map((instance) => toContract(instance, this.clock.now()));
  }

  async showContract(contractId: string, options: CallOptions): Promise<ProviderContract | undefined> {
    if (!NUMERIC_ID.test(contractId)) return undefined;
    const path = VAST_PATHS.instance(contractId);
    const answer = await this.client.call({ method: 'GET', path, lane: 'show', isRepeatable: true }, options);
    if (isRefused(answer)) {
      if (vastFault(answer) === 'no_such_contract') return undefined;
      throw vastError(answer);
    }
    const instance = readInstance(answer.body);
    if (instance === undefined) throw unexpectedAnswer();
    return instance ? toContract(instance, this.clock.now()) : undefined;
  }

  async destroyContract(contractId: string, options: CallOptions): Promise<void> {
    if (!NUMERIC_ID.test(contractId)) return;
    const path = VAST_PATHS.instance(contractId);
    const answer = await this.client.call(
      { method: 'DELETE', path, lane: 'destroy', json: {}, isRepeatable: true },
      { patienceMs: DESTROY_PATIENCE_MS, ...options },
    );
    this.changedAt = this.clock.now();
    if (isRefused(answer) && vastFault(answer) !== 'no_such_contract') throw vastError(answer);
  }

  readBills(contracts: readonly EndedContract[], options: CallOptions): Promise<Map<string, number>> {
    return readVastBills(this.client, contracts, options);
  }

  async readLogs(contractId: string, { tail, ...options }: CallOptions & { tail: number }): Promise<string> {
    if (!NUMERIC_ID.test(contractId)) throw contractNotFound(this.name);
    const answer = await this.client.call(
      {
        method: 'PUT',
        path: VAST_PATHS.logs(contractId),
        lane: 'logs',
        json: { tail: String(tail) },
        isRepeatable: true,
      },
      options,
    );
    if (isRefused(answer)) throw vastError(answer);
    const resultUrl = textOf(objectOf(answer.body).result_url);
    if (!resultUrl) throw unexpectedAnswer();
    return lastLines(await this.logs.fetch(resultUrl, options), tail);
  }

  rentDelayMs(ahead: number): number {
    return this.client.delayMs('create', ahead);
  }

  offersChangedAt(): number {
    return this.changedAt;
  }

  async onModuleDestroy(): Promise<void> {
    await this.http.close();
  }

  /** The answer to a rent tells no price, so that a limit is checked before, by a search's row while it is fresh. */
  private async agreedPrice(
    { offerId, diskGb, maxPricePerHour }: RentRequest,
    options: CallOptions,
  ): Promise<number | undefined> {
    const seen = this.pricedRows.get(offerId);
    const known = seen && priceFor(seen, rentedDiskGb(diskGb));
    if (maxPricePerHour === undefined) return known ?? undefined;
    const price = known ?? (await this.findOffer(offerId, { ...options, diskGb }))?.pricePerHour;
    if (price === undefined || price > maxPricePerHour) throw offerGone(this.name);
    return price;
  }

  private async rentedContractId(answer: HttpAnswer): Promise<string> {
    const contractId = idOf(objectOf(answer.body).new_contract);
    if (!isRefused(answer)) {
      if (contractId) return contractId;
      throw rentOutcomeUnknown(this.name);
    }
    if (contractId) await this.destroyLeftover(contractId);
    throw vastError(answer);
  }

  /** A refused rent may leave a stopped contract that bills its disk. */
  private async destroyLeftover(contractId: string): Promise<void> {
    try {
      await this.destroyContract(contractId, {});
    } catch (error) {
      this.logger.error({
        msg: 'a refused rent left a contract that cannot be destroyed',
        contractId,
        err: error,
      });
      throw rentOutcomeUnknown(this.name, error);
    }
  }
}
