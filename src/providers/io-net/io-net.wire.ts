import type { CallRate } from '../minimum-intervals.js';
import { isObject, numberOf, textOf, type WireObject } from '../wire-guards.js';

/*
 * io.net's CaaS API as far as we use it (github ionet-official/docs; github QuantumNous/new-api for what the
 * documentation leaves open). Reads answer `{data: ...}`, writes answer bare. Ids of hardware and places are integers
 * here; the string ids of its MCP listing are another world.
 */

export type IoNetLane = 'read' | 'deploy' | 'write';

/** No limits are published; these are our manners. */
export const IO_NET_RATES: Readonly<Record<IoNetLane, CallRate>> = {
  read: { calls: 20, perMs: 1000 },
  deploy: { calls: 1, perMs: 500 },
  write: { calls: 2, perMs: 1000 },
};

export const IO_NET_LIST_ROWS = 100;

export interface IoNetSelection {
  hardwareId: number;
  gpus: number;
  locationId: number;
}

export const IO_NET_PATHS = {
  hardware: '/hardware/max-gpus-per-container',
  replicas: (hardwareId: number, gpus: number) =>
    `/available-replicas?${query({ hardware_id: hardwareId, hardware_qty: gpus })}`,
  /** `location_ids` is a JSON array written as text. */
  price: ({ hardwareId, gpus, locationId }: IoNetSelection, hours: number) =>
    `/price?${query({
      location_ids: JSON.stringify([locationId]),
      hardware_id: hardwareId,
      duration_hours: hours,
      gpus_per_container: gpus,
      replica_count: 1,
    })}`,
  deploy: '/deploy',
  /** Pages count from 0. */
  deployments: (status: string, page: number) =>
    `/deployments?${query({ status, page, page_size: IO_NET_LIST_ROWS })}`,
  deployment: (id: string) => `/deployment/${id}`,
  containers: (id: string) => `/deployment/${id}/containers`,
  log: (id: string, containerId: string) => `/deployment/${id}/log/${encodeURIComponent(containerId)}`,
  extend: (id: string) => `/deployment/${id}/extend`,
} as const;

function query(parameters: Readonly<Record<string, string | number>>): string {
  return new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
}

/** The body of `POST /deploy`, nested as the documentation's sample has it; its schema table flattens it wrongly. */
export interface IoNetDeployBody {
  resource_private_name: string;
  duration_hours: number;
  gpus_per_container: number;
  hardware_id: number;
  location_ids: readonly number[];
  container_config: {
    replica_count: 1;
    traffic_port: number;
    entrypoint?: readonly string[];
    args?: readonly string[];
    env_variables?: Readonly<Record<string, string>>;
  };
  registry_config: { image_url: string; registry_username: string; registry_secret: string };
}

export interface IoNetHardware {
  hardwareId: number;
  name: string;
  brand: string | null;
  maxGpus: number;
  available: number;
}

export interface IoNetLocation {
  id: number;
  countryCode: string | null;
  name: string | null;
  replicas: number;
}

/** The object in `{data: {...}}`. */
export function dataOf(body: unknown): WireObject | undefined {
  return isObject(body) && isObject(body.data) ? body.data : undefined;
}

export function readHardware(body: unknown): IoNetHardware[] | undefined {
  const rows = dataOf(body)?.hardware;
  if (!Array.isArray(rows)) return undefined;
  return rows.filter(isObject).flatMap((row) => {
    const [hardwareId, name] = [row.hardware_id, textOf(row.hardware_name)];
    if (!Number.isInteger(hardwareId) || name === null) return [];
    return [
      {
        hardwareId: hardwareId as number,
        name,
        brand: textOf(row.brand_name),
        maxGpus: numberOf(row.max_gpus_per_container) ?? 1,
        available: numberOf(row.available) ?? 0,
      },
    ];
  });
}

export function readLocations(body: unknown): IoNetLocation[] | undefined {
  if (!isObject(body) || !Array.isArray(body.data)) return undefined;
  return body.data.filter(isObject).flatMap((row) => {
    if (!Number.isInteger(row.id)) return [];
    const replicas = numberOf(row.available_replicas) ?? 0;
    return [{ id: row.id as number, countryCode: textOf(row.iso2), name: textOf(row.name), replicas }];
  });
}

/** Dollars for one replica over the whole duration, fees included. */
export function readTotalCost(body: unknown): number | undefined {
  return numberOf(dataOf(body)?.total_cost_usdc) ?? undefined;
}

export interface IoNetPage {
  deployments: WireObject[];
  total: number;
}

/** @returns undefined when it is not a page of the list, so that a failed list never reads as an empty one */
export function readDeploymentPage(body: unknown): IoNetPage | undefined {
  const data = dataOf(body);
  const rows = data?.deployments;
  const total = numberOf(data?.total);
  if (!Array.isArray(rows) || total === null) return undefined;
  return rows.every((row) => isObject(row) && textOf(row.id) !== null)
    ? { deployments: rows, total }
    : undefined;
}

export function readWorkers(body: unknown): WireObject[] | undefined {
  const workers = dataOf(body)?.workers;
  return Array.isArray(workers) ? workers.filter(isObject) : undefined;
}
