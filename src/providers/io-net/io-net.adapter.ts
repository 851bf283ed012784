import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../common/clock.js';
import { isId } from '../../common/id.js';
import type { Tally } from '../../common/metrics/tally.js';
import { AppConfig } from '../../config/config.js';
import { FarmClient, type FarmCall } from '../farm-client.js';
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
import { mapLimited } from '../map-limited.js';
import { ID_PREFIXES } from '../provider-ids.js';
import { ProviderHttp, type HttpAnswer } from '../provider-http.js';
import { contractNotFound, offerGone, rentOutcomeUnknown } from '../providers.errors.js';
import { checkRentRequest } from '../rent-request.js';
import { idOf, objectOf, textOf, type WireObject } from '../wire-guards.js';
import { billOf } from './io-net.bill.js';
import { IoNetCatalog } from './io-net.catalog.js';
import { ioNetError, ioNetFault, isRefused, unexpectedAnswer } from './io-net.errors.js';
import { readLiveDeployments } from './io-net.list.js';
import { IO_NET_MINIMUM_HOURS, logLines, statusOf, toContract, toDeployBody } from './io-net.mapping.js';
import { parseOfferId } from './io-net.offer-id.js';
import { dataOf, IO_NET_PATHS, IO_NET_RATES, readWorkers, type IoNetLane } from './io-net.wire.js';

const CALLS_AT_ONCE = 4;
/** The address of a running container does not change; looking again once a minute is for the case that it does. */
const RUNNING_MEMORY_MS = 60_000;
const DESTROY_PATIENCE_MS = 300_000;
const LOG_LIMITS = { maxMs: 3000, maxBytes: 1024 * 1024 };

/** The cloud io.net (CaaS): containers on hardware of a kind and place, paid for whole hours ahead, one HTTP port. */
@Injectable()
export class IoNetAdapter implements GpuProvider, OnModuleDestroy {
  readonly name = 'io.net';
  readonly aliases = ['ionet'] as const;
  readonly idPrefix = ID_PREFIXES['io.net'];
  readonly isPrepaid = true;
  readonly minimumHours = IO_NET_MINIMUM_HOURS;

  private readonly apiKey?: string;
  private changedAt = 0;
  private readonly http: ProviderHttp;
  private readonly client: FarmClient<IoNetLane>;
  private readonly catalog: IoNetCatalog;
  private readonly running = new LRUCache<string, ProviderContract>({ max: 2000, ttl: RUNNING_MEMORY_MS });

  constructor(
    { providers }: AppConfig,
    private readonly clock: Clock,
  ) {
    const { apiKey, apiUrl } = providers.ioNet;
    const { rateScale } = providers;
    const baseUrl = apiUrl.replace(/\/+$/, '');
    this.apiKey = apiKey;
    this.http = new ProviderHttp(providers.apiTimeoutMs, clock);
    this.client = new FarmClient(
      {
        provider: this.name,
        baseUrl,
        headers: { 'x-api-key': apiKey ?? '' },
        rates: IO_NET_RATES,
        rateScale,
      },
      this.http,
      clock,
    );
    this.catalog = new IoNetCatalog(this.client);
  }

  get callOutcomes(): Tally {
    return this.client.outcomes;
  }

  isConfigured(): boolean {
    return Boolean(this.apiKey);
  }

  searchOffers(filters: OfferFilters, options: CallOptions): Promise<ProviderOffer[]> {
    return this.catalog.offers(filters, options);
  }

  async findOffer(offerId: string, options: CallOptions): Promise<ProviderOffer | undefined> {
    const selection = parseOfferId(offerId);
    return selection && this.catalog.offer(selection, options);
  }

  async rent(request: RentRequest, options: CallOptions): Promise<RentedContract> {
    checkRentRequest(this.name, request);
    const selection = parseOfferId(request.offerId);
    if (!selection) throw offerGone(this.name);
    const pricePerHour = await this.catalog.pricePerHour(selection, request.durationHours, options);
    if (pricePerHour > (request.maxPricePerHour ?? Number.POSITIVE_INFINITY)) throw offerGone(this.name);
    const json = toDeployBody(request, selection);
    const { body } = await this.send(
      { method: 'POST', path: IO_NET_PATHS.deploy, lane: 'deploy', json, isRepeatable: false },
      options,
    );
    this.changedAt = this.clock.now();
    const contractId = idOf(objectOf(body).deployment_id);
    if (!contractId) throw rentOutcomeUnknown(this.name);
    return { contractId, pricePerHour };
  }

  async listContracts(labelPrefix: string, options: CallOptions): Promise<ProviderContract[]> {
    const deployments = await readLiveDeployments(this.client, options);
    const ours = deployments.filter(({ name }) => (textOf(name) ?? '').startsWith(labelPrefix));
    const contracts = await mapLimited(ours, CALLS_AT_ONCE, (deployment) => this.listed(deployment, options));
    return contracts.filter((contract) => contract !== undefined);
  }

  async showContract(contractId: string, options: CallOptions): Promise<ProviderContract | undefined> {
    if (!isId(contractId)) return undefined;
    const answer = await this.read(IO_NET_PATHS.deployment(contractId), options);
    if (!answer) return undefined;
    const deployment = dataOf(answer.body);
    if (!deployment || textOf(deployment.id) === null) throw unexpectedAnswer();
    const isUp = statusOf(deployment) === 'running';
    const workers = isUp ? await this.workers(contractId, options) : undefined;
    const contract = toContract(deployment, workers, this.clock.now());
    if (contract.state === 'running') this.running.set(contractId, contract);
    else this.running.delete(contractId);
    return contract;
  }

  async destroyContract(contractId: string, options: CallOptions): Promise<void> {
    if (!isId(contractId)) return;
    this.running.delete(contractId);
    const answer = await this.client.call(
      { method: 'DELETE', path: IO_NET_PATHS.deployment(contractId), lane: 'write', isRepeatable: true },
      { patienceMs: DESTROY_PATIENCE_MS, ...options },
    );
    this.changedAt = this.clock.now();
    if (isRefused(answer) && ioNetFault(answer) !== 'no_such_contract') throw ioNetError(answer);
  }

  async extendContract(contractId: string, hours: number, options: CallOptions): Promise<void> {
    if (!isId(contractId)) throw contractNotFound(this.name);
    this.running.delete(contractId);
    await this.send(
      {
        method: 'POST',
        path: IO_NET_PATHS.extend(contractId),
        lane: 'write',
        json: { duration_hours: hours },
        isRepeatable: false,
      },
      options,
    );
  }

  async readBills(contracts: readonly EndedContract[], options: CallOptions): Promise<Map<string, number>> {
    const bills = await mapLimited(contracts, CALLS_AT_ONCE, async ({ contractId, pricePerHourMicro }) => {
      const answer = isId(contractId)
        ? await this.read(IO_NET_PATHS.deployment(contractId), options)
        : undefined;
      const deployment = answer && dataOf(answer.body);
      return { contractId, micro: deployment && billOf(deployment, pricePerHourMicro) };
    });
    const told = bills.flatMap(({ contractId, micro }) =>
      micro === undefined ? [] : [[contractId, micro] as const],
    );
    return new Map(told);
  }

  async readLogs(contractId: string, { tail, ...options }: CallOptions & { tail: number }): Promise<string> {
    if (!isId(contractId)) throw contractNotFound(this.name);
    const [worker] = await this.workers(contractId, options);
    const containerId = idOf(worker?.container_id);
    if (!containerId) return '';
    const path = IO_NET_PATHS.log(contractId, containerId);
    const answer = await this.client.stream(
      { method: 'GET', path, lane: 'read', isRepeatable: true },
      LOG_LIMITS,
      options,
    );
    if (isRefused(answer)) throw ioNetError(answer);
    return lastLines(logLines(answer.text), tail);
  }

  rentDelayMs(ahead: number): number {
    return this.client.delayMs('deploy', ahead);
  }

  offersChangedAt(): number {
    return this.changedAt;
  }

  async onModuleDestroy(): Promise<void> {
    await this.http.close();
  }

  /** A row of the list tells neither address nor start, so that running ones are looked at once a minute. */
  private async listed(deployment: WireObject, options: CallOptions): Promise<ProviderContract | undefined> {
    const id = String(deployment.id);
    if (statusOf(deployment) !== 'running') return toContract(deployment, undefined, this.clock.now());
    const shown = this.running.get(id) ?? (await this.showContract(id, options));
    return shown && { ...shown, label: textOf(deployment.name) };
  }

  private async workers(contractId: string, options: CallOptions): Promise<WireObject[]> {
    const answer = await this.read(IO_NET_PATHS.containers(contractId), options);
    if (!answer) throw contractNotFound(this.name);
    const workers = readWorkers(answer.body);
    if (!workers) throw unexpectedAnswer();
    return workers;
  }

  /** Undefined for what the farm does not know. */
  private async read(path: string, options: CallOptions): Promise<HttpAnswer | undefined> {
    const answer = await this.client.call({ method: 'GET', path, lane: 'read', isRepeatable: true }, options);
    if (!isRefused(answer)) return answer;
    if (ioNetFault(answer) === 'no_such_contract') return undefined;
    throw ioNetError(answer);
  }

  private async send(call: FarmCall<IoNetLane>, options: CallOptions): Promise<HttpAnswer> {
    const answer = await this.client.call(call, options);
    if (isRefused(answer) || ioNetFault(answer) === 'no_credit') throw ioNetError(answer);
    return answer;
  }
}
