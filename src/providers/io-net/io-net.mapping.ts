import type { ContractState, ProviderContract, ProviderOffer, RentRequest } from '../gpu-provider.js';
import { withoutAddresses } from '../providers.errors.js';
import { numberOf, objectOf, textOf, type WireObject } from '../wire-guards.js';
import { gpuMemoryGb } from './io-net.gpu-memory.js';
import { formatOfferId } from './io-net.offer-id.js';
import type { IoNetDeployBody, IoNetHardware, IoNetLocation, IoNetSelection } from './io-net.wire.js';

/** The first hour is never given back; shorter terms cannot be bought. */
export const IO_NET_MINIMUM_HOURS = 1;

/** The farm wants a port even of a container that serves none. */
const DEFAULT_TRAFFIC_PORT = 8000;

export function toOffer(
  hardware: IoNetHardware,
  location: IoNetLocation,
  { gpus, pricePerHour }: { gpus: number; pricePerHour: number },
): ProviderOffer {
  const { hardwareId } = hardware;
  return {
    provider: 'io.net',
    offerId: formatOfferId({ hardwareId, gpus, locationId: location.id }),
    capacity: location.replicas,
    gpuName: hardware.name,
    gpuCount: gpus,
    vramGb: gpuMemoryGb(hardware.name),
    cpuCores: null,
    ramGb: null,
    storageGb: null,
    pricePerHour,
    location: location.name ?? location.countryCode,
    countryCode: location.countryCode,
    verified: null,
    reliability: null,
    specifications: {
      minimum_hours: IO_NET_MINIMUM_HOURS,
      prepaid: true,
      brand: hardware.brand,
      hardware_id: hardwareId,
      location_id: location.id,
      available_replicas: location.replicas,
      max_gpus_per_container: hardware.maxGpus,
    },
  };
}

/** The body of `POST /deploy`: one replica, so that one deployment is one instance. */
export function toDeployBody(request: RentRequest, selection: IoNetSelection): IoNetDeployBody {
  const { image, env, ports, command, onstart, registry } = request;
  return {
    resource_private_name: request.label,
    duration_hours: request.durationHours,
    gpus_per_container: selection.gpus,
    hardware_id: selection.hardwareId,
    location_ids: [selection.locationId],
    container_config: {
      replica_count: 1,
      traffic_port: ports[0] ?? DEFAULT_TRAFFIC_PORT,
      ...(onstart ? { entrypoint: ['/bin/sh', '-c'], args: [onstart] } : {}),
      ...(command && command.length > 0 ? { args: command } : {}),
      ...(Object.keys(env).length > 0 ? { env_variables: env } : {}),
    },
    registry_config: {
      image_url: registry ? withRegistry(image, registry.server) : image,
      registry_username: registry?.username ?? '',
      registry_secret: registry?.password ?? '',
    },
  };
}

/** The image's name carries its registry; there is no field for the server. */
function withRegistry(image: string, server: string): string {
  const host = server.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  return image.startsWith(`${host}/`) || host === 'docker.io' || host === '' ? image : `${host}/${image}`;
}

/** A deployment as one contract. `workers` are its containers, undefined when they were not asked for. */
export function toContract(
  deployment: WireObject,
  workers: readonly WireObject[] | undefined,
  nowMs: number,
): ProviderContract {
  const worker = workers?.find(isReachable) ?? workers?.[0];
  const { state, reason } = deploymentState(deployment, worker);
  return {
    contractId: String(deployment.id),
    label: textOf(deployment.name),
    state,
    reason,
    origins: toOrigins(deployment, worker),
    endsAt: endsAt(deployment, state, nowMs),
    startedAt: parseInstant(deployment.started_at),
  };
}

/** Compared without case: upper case was seen. */
export function statusOf({ status }: WireObject): string {
  return (textOf(status) ?? '').toLowerCase();
}

const WORKER_FAILED = new Set(['failed', 'error', 'exited', 'crashed', 'dead', 'oomkilled']);

function deploymentState(
  deployment: WireObject,
  worker: WireObject | undefined,
): { state: ContractState; reason?: string } {
  const status = statusOf(deployment);
  switch (status) {
    case 'running':
      if (worker && WORKER_FAILED.has(statusOf(worker)))
        return { state: 'failed', reason: lastEvent(worker) };
      return worker && isReachable(worker)
        ? { state: 'running' }
        : { state: 'pending', reason: lastEvent(worker) };
    case 'failed':
      return { state: 'failed', reason: lastEvent(worker) ?? 'deployment failed' };
    case 'completed':
      return { state: 'gone', reason: 'contract_end' };
    case 'destroyed':
      return { state: 'gone' };
    case 'termination requested':
      return { state: 'stopped', reason: status };
    default:
      return { state: 'pending', reason: lastEvent(worker) ?? status };
  }
}

function isReachable({ public_url: url }: WireObject): boolean {
  return textOf(url) !== null;
}

function lastEvent(worker: WireObject | undefined): string | undefined {
  const events = worker?.container_events;
  const last: unknown = Array.isArray(events) ? events.at(-1) : undefined;
  const message = textOf(objectOf(last).message);
  return message ? withoutAddresses(message) : undefined;
}

/** One HTTP service per container, at an address of its own: key 0, and the port that it leads to. */
function toOrigins(deployment: WireObject, worker: WireObject | undefined): Map<number, string> {
  const url = textOf(worker?.public_url);
  if (!url || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return new Map();
  const { origin } = new URL(url);
  const port = numberOf(objectOf(deployment.container_config).traffic_port);
  return new Map([[0, origin], ...(port === null ? [] : [[port, origin] as const])]);
}

/** The paid term: from the start for its whole length, or what is left from now on where the start is not told. */
function endsAt(deployment: WireObject, state: ContractState, nowMs: number): number | undefined {
  const remaining = numberOf(deployment.compute_minutes_remaining);
  if (remaining === null || state === 'gone' || state === 'failed') return undefined;
  const startedAt = parseInstant(deployment.started_at);
  if (startedAt !== undefined) {
    return startedAt + ((numberOf(deployment.compute_minutes_served) ?? 0) + remaining) * 60_000;
  }
  return statusOf(deployment) === 'running' ? nowMs + remaining * 60_000 : undefined;
}

/** ISO without a zone means UTC here; a `Z` comes at times. */
export function parseInstant(value: unknown): number | undefined {
  const text = textOf(value);
  if (text === null) return undefined;
  const at = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** Server-sent events or plain text, as lines. */
export function logLines(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const isEventStream = lines.some((line) => line.startsWith('data:'));
  if (!isEventStream) return lines.join('\n');
  return lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.replace(/^data: ?/, ''))
    .join('\n');
}
