import { isIP } from 'node:net';
import type { ProviderContract, ProviderOffer } from '../gpu-provider.js';
import { nominalVramGb } from '../nominal-vram.js';
import { flagOf, idOf, isObject, numberOf, textOf, type WireObject } from '../wire-guards.js';
import { contractState } from './vast-ai.state.js';

const HOURS_PER_MONTH = 720;
const MIB_PER_GB = 1024;

/**
 * An offer in our words, priced for `diskGb`. Rows without an id, a GPU or a price are unusable.
 * `dph_total = dph_base + storage_cost x GB / 720` holds exactly in the documentation's examples.
 */
export function toOffer(row: WireObject, diskGb: number): ProviderOffer | undefined {
  const [id, gpuName, gpuCount] = [numberOf(row.id), textOf(row.gpu_name), numberOf(row.num_gpus)];
  const pricePerHour = priceFor(row, diskGb);
  if (id === null || gpuName === null || gpuCount === null || pricePerHour === null) return undefined;
  const place = textOf(row.geolocation);
  const [region, countryCode] = splitPlace(place);
  return {
    provider: 'vast.ai',
    offerId: String(id),
    machineId: idOf(row.machine_id) ?? undefined,
    capacity: 1,
    gpuName,
    gpuCount,
    vramGb: nominalVramGb(numberOf(row.gpu_ram) ?? 0),
    cpuCores: numberOf(row.cpu_cores_effective),
    ramGb: ramShareGb(row),
    storageGb: rounded(numberOf(row.disk_space)),
    pricePerHour,
    location: countryCode && !region ? countryCode : place,
    countryCode,
    verified: row.verification === undefined ? null : row.verification === 'verified',
    reliability: numberOf(row.reliability2) ?? numberOf(row.reliability),
    specifications: toSpecifications(row),
  };
}

export function priceFor(row: WireObject, diskGb: number): number | null {
  const [base, storage] = [numberOf(row.dph_base), numberOf(row.storage_cost)];
  if (base === null || storage === null) return numberOf(row.dph_total);
  return Number((base + (storage * diskGb) / HOURS_PER_MONTH).toFixed(9));
}

/** What `priceFor` needs of a row. */
export function priceColumns({ dph_base, dph_total, storage_cost }: WireObject): WireObject {
  return { dph_base, dph_total, storage_cost };
}

/** `Texas, US` or `, US`: the code is what follows the last comma. */
function splitPlace(place: string | null): [region: string, countryCode: string | null] {
  const match = /^(.*?),?\s*([A-Z]{2})$/.exec(place ?? '');
  return match ? [match[1].trim(), match[2]] : [place ?? '', null];
}

/** `cpu_ram` is the whole machine's; the contract gets the share of its cores. */
function ramShareGb(row: WireObject): number | null {
  const ram = numberOf(row.cpu_ram);
  if (ram === null) return null;
  const [cores, effective] = [numberOf(row.cpu_cores), numberOf(row.cpu_cores_effective)];
  const share = cores && effective ? effective / cores : (numberOf(row.gpu_frac) ?? 1);
  return rounded((ram * Math.min(share, 1)) / MIB_PER_GB);
}

function toSpecifications(row: WireObject): ProviderOffer['specifications'] {
  const lastsSeconds = numberOf(row.duration);
  const computeCapability = numberOf(row.compute_cap);
  return {
    minimum_hours: 0,
    rentable_hours: lastsSeconds === null ? null : rounded(lastsSeconds / 3600),
    reliability: numberOf(row.reliability2) ?? numberOf(row.reliability),
    verification: textOf(row.verification),
    machine_id: numberOf(row.machine_id),
    host_id: numberOf(row.host_id),
    gpu_memory_mib: numberOf(row.gpu_ram),
    gpu_arch: textOf(row.gpu_arch),
    gpu_memory_bandwidth_gb_per_s: numberOf(row.gpu_mem_bw),
    cuda_version: numberOf(row.cuda_max_good),
    compute_capability: computeCapability === null ? null : computeCapability / 100,
    driver_version: textOf(row.driver_version),
    total_tflops: numberOf(row.total_flops),
    dlperf: numberOf(row.dlperf),
    dlperf_per_dollar: numberOf(row.dlperf_per_dphtotal),
    cpu_name: textOf(row.cpu_name),
    cpu_arch: textOf(row.cpu_arch),
    disk_name: textOf(row.disk_name),
    disk_bandwidth_mb_per_s: numberOf(row.disk_bw),
    inet_down_mbps: numberOf(row.inet_down),
    inet_up_mbps: numberOf(row.inet_up),
    inet_down_cost_per_gb: numberOf(row.inet_down_cost),
    inet_up_cost_per_gb: numberOf(row.inet_up_cost),
    storage_cost_per_gb_month: numberOf(row.storage_cost),
    direct_port_count: numberOf(row.direct_port_count),
    static_ip: flagOf(row.static_ip),
  };
}

export function toContract(instance: WireObject, nowMs: number): ProviderContract {
  return {
    contractId: String(instance.id),
    label: textOf(instance.label),
    ...contractState(instance, nowMs),
    machineId: idOf(instance.machine_id) ?? undefined,
    pricePerHour: numberOf(instance.dph_total) ?? undefined,
    origins: toOrigins(instance),
    endsAt: epochMs(instance.end_date),
    startedAt: epochMs(instance.start_date),
  };
}

/** `{"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "41300"}]}`: the public port is random and a text. */
function toOrigins({ public_ipaddr: address, ports }: WireObject): Map<number, string> {
  const ip = textOf(address);
  const origins = new Map<number, string>();
  if (ip === null || isIP(ip) === 0 || !isObject(ports)) return origins;
  const host = isIP(ip) === 6 ? `[${ip}]` : ip;
  for (const [key, bindings] of Object.entries(ports)) {
    const containerPort = /^(\d{1,5})\/tcp$/.exec(key)?.[1];
    const hostPort = firstHostPort(bindings);
    if (containerPort && hostPort) origins.set(Number(containerPort), `http://${host}:${hostPort}`);
  }
  return origins;
}

function firstHostPort(bindings: unknown): number | undefined {
  if (!Array.isArray(bindings)) return undefined;
  const ports = bindings.filter(isObject).map(({ HostPort }) => Number(HostPort));
  return ports.find((port) => Number.isInteger(port) && port > 0 && port <= 65_535);
}

function epochMs(seconds: unknown): number | undefined {
  const value = numberOf(seconds);
  return value === null ? undefined : Math.round(value * 1000);
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}
