import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/id.js';
import { AppConfig } from '../../config/config.js';
import type { StaticMachine } from '../../config/static-machine.js';
import type {
  CallOptions,
  GpuProvider,
  OfferFilters,
  ProviderContract,
  ProviderOffer,
  RentedContract,
  RentRequest,
} from '../gpu-provider.js';
import { matchesFilters } from '../offer-filters.js';
import { ID_PREFIXES } from '../provider-ids.js';
import { offerGone } from '../providers.errors.js';
import type { StaticContract } from './static-contract.entity.js';
import { StaticContractRepository } from './static-contract.repository.js';

/**
 * The operator's own machines (STATIC_MACHINES). Each is one offer that is gone while it is rented; the contract's id
 * is the machine's name. What runs there is the operator's doing: image, command, ports and disk of a rent have no
 * effect, and the service is at the configured address. Who has rented what is kept in a table of its own, so that it
 * outlives restarts and holds between processes.
 */
@Injectable()
export class StaticAdapter implements GpuProvider {
  readonly name = 'static';
  readonly aliases = [] as const;
  readonly idPrefix = ID_PREFIXES.static;
  readonly isPrepaid = false;
  readonly minimumHours = 0;

  private readonly machines: ReadonlyMap<string, StaticMachine>;
  private changedAt = 0;

  constructor(
    { providers }: AppConfig,
    private readonly clock: Clock,
    private readonly contracts: StaticContractRepository,
  ) {
    this.machines = new Map(providers.staticMachines.map((machine) => [machine.name, machine]));
  }

  isConfigured(): boolean {
    return this.machines.size > 0;
  }

  async searchOffers(filters: OfferFilters): Promise<ProviderOffer[]> {
    const rented = new Set((await this.contracts.all()).map(({ machineName }) => machineName));
    return [...this.machines.values()]
      .filter(({ name }) => !rented.has(name))
      .map(toOffer)
      .filter((offer) => matchesFilters(offer, filters));
  }

  async findOffer(offerId: string): Promise<ProviderOffer | undefined> {
    const machine = this.machines.get(offerId);
    if (!machine || (await this.contracts.findByMachine(offerId))) return undefined;
    return toOffer(machine);
  }

  async rent({ offerId, label, maxPricePerHour }: RentRequest): Promise<RentedContract> {
    const machine = this.machines.get(offerId);
    const isTooDear = (machine?.price_per_hour ?? 0) > (maxPricePerHour ?? Number.POSITIVE_INFINITY);
    if (!machine || isTooDear) throw offerGone(this.name);
    const createdAt = this.clock.now();
    const isFree = await this.contracts.insert({ id: newId(), machineName: offerId, label, createdAt });
    this.changedAt = createdAt;
    if (!isFree) throw offerGone(this.name);
    return { contractId: offerId, pricePerHour: machine.price_per_hour };
  }

  async listContracts(labelPrefix: string): Promise<ProviderContract[]> {
    const rows = await this.contracts.all();
    return rows.filter(({ label }) => label.startsWith(labelPrefix)).map((row) => this.toContract(row));
  }

  async showContract(contractId: string): Promise<ProviderContract | undefined> {
    const row = await this.contracts.findByMachine(contractId);
    return row ? this.toContract(row) : undefined;
  }

  async destroyContract(contractId: string): Promise<void> {
    await this.contracts.deleteByMachine(contractId);
    this.changedAt = this.clock.now();
  }

  /** Nobody but the operator can read the output of his machines. */
  async readLogs(_contractId: string, _options: CallOptions & { tail: number }): Promise<string> {
    return '';
  }

  rentDelayMs(): number {
    return 0;
  }

  offersChangedAt(): number {
    return this.changedAt;
  }

  /** A machine that was taken out of STATIC_MACHINES takes its contract along. */
  private toContract({ machineName, label, createdAt }: StaticContract): ProviderContract {
    const machine = this.machines.get(machineName);
    if (!machine) {
      return { contractId: machineName, label, state: 'gone', reason: 'machine removed', origins: new Map() };
    }
    return {
      contractId: machineName,
      label,
      state: 'running',
      machineId: machineName,
      pricePerHour: machine.price_per_hour,
      origins: new Map([[0, new URL(machine.url).origin]]),
      startedAt: createdAt,
    };
  }
}

function toOffer(machine: StaticMachine): ProviderOffer {
  return {
    provider: 'static',
    offerId: machine.name,
    machineId: machine.name,
    capacity: 1,
    gpuName: machine.gpu_model,
    gpuCount: machine.gpu_count,
    vramGb: machine.vram_gb,
    cpuCores: null,
    ramGb: null,
    storageGb: null,
    pricePerHour: machine.price_per_hour,
    location: null,
    countryCode: null,
    verified: true,
    reliability: null,
    specifications: { minimum_hours: 0 },
  };
}
