import type { Tally } from '../common/metrics/tally.js';
/**
 * What a GPU farm can do for us. One adapter per farm implements it; everything above speaks only this language.
 *
 * Every method may throw one of the errors of `providers.errors.ts`: `provider_unavailable` (network, 5xx, HTML),
 * `provider_rate_limited`, `provider_auth_failed`, `offer_gone`, `provider_out_of_credit`, `provider_rejected` (bad
 * arguments), `rent_outcome_unknown` (the answer to a rent was lost: look it up by label, never rent again).
 */
export interface GpuProvider {
  /** The public name: `vast.ai`, `io.net`, `static`. */
  readonly name: ProviderName;
  /** Other spellings that callers may use, lower case. */
  readonly aliases: readonly string[];
  /** Prefix of offer and instance ids: `vast`, `ionet`, `static`. */
  readonly idPrefix: string;
  /** Contracts are paid for whole hours ahead and end by themselves unless extended (io.net). */
  readonly isPrepaid: boolean;
  /** Calls to the farm by what came of them, counted since the start; absent where there is nobody to call. */
  readonly callOutcomes?: Tally;
  /** Hours that the farm does not refund once rented; 0 when it bills by the second. */
  readonly minimumHours: number;
  /** False without credentials: the farm is left out of searches and naming it is a 501. */
  isConfigured(): boolean;

  /** Rentable offers that match the filters, re-checked locally. Prices are the farm's own, all-in. */
  searchOffers(filters: OfferFilters, options: CallOptions): Promise<ProviderOffer[]>;
  /** One offer as it is now, or undefined when it is gone. */
  findOffer(offerId: string, options: CallOptions & { diskGb?: number }): Promise<ProviderOffer | undefined>;

  /**
   * Rents once: it is sent again only after a 429, which says that nothing was done. `request.label` is the only
   * handle when the answer is lost. What a farm makes although it refuses is destroyed before this throws.
   * @returns the farm's contract id
   */
  rent(request: RentRequest, options: CallOptions): Promise<RentedContract>;
  /**
   * All live contracts of our account whose label starts with `labelPrefix`; ended ones may be missing, so ask
   * `showContract` about one that is. Throws rather than return a partial list. One list every few seconds is far
   * cheaper than showing each: vast.ai allows one show in 2 s.
   */
  listContracts(labelPrefix: string, options: CallOptions): Promise<ProviderContract[]>;
  /** One contract, or undefined when the farm no longer knows it. */
  showContract(contractId: string, options: CallOptions): Promise<ProviderContract | undefined>;
  /** Asks the farm to end the contract. A contract that is already gone is a success. */
  destroyContract(contractId: string, options: CallOptions): Promise<void>;
  /** Prepaid farms only: adds whole hours, paid at once. A lost answer is a `rent_outcome_unknown`: look at `endsAt`. */
  extendContract?(contractId: string, hours: number, options: CallOptions): Promise<void>;
  /**
   * What ended contracts have cost altogether, in millionths of a dollar, by contract id; those that the farm says nothing
   * of are left out. Absent where there are no bills (machines of one's own).
   */
  readBills?(contracts: readonly EndedContract[], options: CallOptions): Promise<Map<string, number>>;
  /** The last lines of the container's output. */
  readLogs(contractId: string, options: CallOptions & { tail: number }): Promise<string>;

  /**
   * Milliseconds until a rent issued now would leave the queue of the farm's minimum intervals, with
   * `ahead` rents already planned before it.
   */
  rentDelayMs(ahead: number): number;
  /** Epoch ms of our last rent or destroy here: offers read before may be wrong. */
  offersChangedAt?(): number;
}

export const PROVIDER_NAMES = ['vast.ai', 'io.net', 'static'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

export interface CallOptions {
  signal?: AbortSignal;
  /**
   * Longest wait for the farm's pace and its 429s; a call that would wait longer fails at once: a rent with
   * `provider_busy`, anything else with `provider_rate_limited`. Default: 60 s without a signal, else until the signal.
   */
  patienceMs?: number;
}

/** All bounds are inclusive; absent means any. Farms may ignore them: the adapter re-checks each. */
export interface OfferFilters {
  /** Nominal GB per GPU (see ProviderOffer.vramGb). */
  minVramGb?: number;
  /** Dollars per hour of the whole offer, the farm's own price. */
  maxPricePerHour?: number;
  /** Substring of the GPU's name, ignoring case, space, `_` and `-`. */
  gpuModel?: string;
  /** ISO 3166 alpha-2 code, or a substring of the location. */
  location?: string;
  minGpus?: number;
  verified?: boolean;
  /** 0..1 */
  minReliability?: number;
  /** Disk that will be rented; part of the price on vast.ai. */
  diskGb?: number;
  /** Container ports that the machine must be able to map; 1 unless told, 0 for workloads without a service. */
  minPorts?: number;
}

/** Something rentable now, in the farm's ids and the farm's own price. */
export interface ProviderOffer {
  provider: ProviderName;
  /** The farm's id without our prefix, URL-safe. */
  offerId: string;
  /**
   * The physical machine (or, where a farm hides machines, the pool of capacity); two instances of one reservation never
   * share it. `undefined` = the farm places each contract on a machine of its own.
   */
  machineId?: string;
  /** How many contracts this offer can still carry (vast.ai: 1; io.net: available replicas). */
  capacity: number;
  gpuName: string;
  gpuCount: number;
  /** Nominal GB per GPU: the smallest market size >= MiB/1024 - 0.5. */
  vramGb: number;
  cpuCores: number | null;
  ramGb: number | null;
  storageGb: number | null;
  /** Dollars per hour, all-in for the asked disk. */
  pricePerHour: number;
  /** Human text such as `Texas, US`, or null. */
  location: string | null;
  /** ISO 3166 alpha-2, or null. */
  countryCode: string | null;
  verified: boolean | null;
  reliability: number | null;
  /** Everything else worth showing, snake_case. */
  specifications: Record<string, string | number | boolean | null>;
}

export interface RentRequest {
  offerId: string;
  /** Unique, committed to our database before the call: lower-case letters, digits and dashes, at most 63. */
  label: string;
  image: string;
  diskGb: number;
  env: Readonly<Record<string, string>>;
  /** Container ports to map; empty = none. io.net maps the first only. */
  ports: readonly number[];
  /** Replaces the image's command (docker's CMD). Excludes `onstart`. */
  command?: readonly string[];
  /** Shell run instead of the image's entrypoint; implies the farm's SSH run type where there is one. */
  onstart?: string;
  /** Prepaid farms: whole hours to buy. */
  durationHours: number;
  /** Dollars per hour above which the rent is refused as `offer_gone`. */
  maxPricePerHour?: number;
  registry?: { server: string; username: string; password: string };
}

export interface RentedContract {
  contractId: string;
  /** Dollars per hour as agreed, where the farm tells. */
  pricePerHour?: number;
}

/**
 * `pending` made but not up; `running` the farm says it runs; `stopped` halted, by outbidding, expiry or lack of credit;
 * `failed` it will not come up; `offline` the host is away; `gone` ended.
 */
export type ContractState = 'pending' | 'running' | 'stopped' | 'failed' | 'offline' | 'gone';

/** A contract whose bill is wanted. */
export interface EndedContract {
  contractId: string;
  /** As it was agreed, in millionths of a dollar; 0 when nobody knows. */
  pricePerHourMicro: number;
  /** Epoch ms by our clock. */
  startedAt: number;
  endedAt: number;
}

export interface ProviderContract {
  contractId: string;
  label: string | null;
  state: ContractState;
  /** Why, for people: e.g. `outbid`, `oci runtime error`, `contract_end`. */
  reason?: string;
  machineId?: string;
  pricePerHour?: number;
  /** Container port -> origin such as `http://1.2.3.4:41300`; key 0 = the farm's only service URL. Empty until mapped. */
  origins: ReadonlyMap<number, string>;
  /** Epoch ms at which the farm ends the contract by itself. */
  endsAt?: number;
  startedAt?: number;
}

export const GPU_PROVIDERS = Symbol('GPU_PROVIDERS');
