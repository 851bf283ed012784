import type { CallRate } from '../minimum-intervals.js';
import { isObject, type WireObject } from '../wire-guards.js';

/*
 * vast.ai's HTTP API as far as we use it. Sources: the official client (github vast-ai/vast-cli), its documentation
 * (github vast-ai/docs), and what third-party clients saw. Prices are dollars per hour, memory is MiB, disk is GB.
 */

export type VastLane = 'search' | 'create' | 'show' | 'list' | 'destroy' | 'logs' | 'charges';

/** Documented limits per endpoint and identity (rate-limits-and-errors.mdx; x-rate-limit in the OpenAPI files). */
export const VAST_RATES: Readonly<Record<VastLane, CallRate>> = {
  search: { calls: 10, perMs: 60_000 },
  create: { calls: 1, perMs: 4500 },
  show: { calls: 1, perMs: 2000 },
  list: { calls: 1, perMs: 1000 },
  destroy: { calls: 1, perMs: 3000 },
  logs: { calls: 1, perMs: 1500 },
  charges: { calls: 1, perMs: 1000 },
};

/** Official paths end in a slash. Only the list is v1: `GET /api/v0/instances/` answers 410. */
export const VAST_PATHS = {
  search: '/api/v0/bundles/',
  ask: (offerId: string) => `/api/v0/asks/${offerId}/`,
  instance: (contractId: string) => `/api/v0/instances/${contractId}/`,
  logs: (contractId: string) => `/api/v0/instances/request_logs/${contractId}/`,
  list: '/api/v1/instances/',
  charges: '/api/v0/charges/',
} as const;

/** The server never answers more rows than this, whatever `limit` says, and has no cursor. */
export const VAST_SEARCH_ROWS = 64;
export const VAST_LIST_ROWS = 25;
export const VAST_CHARGE_ROWS = 100;

export type VastBound = Readonly<
  Partial<
    Record<'eq' | 'gt' | 'gte' | 'lte', number | string | boolean> & { in: readonly (string | boolean)[] }
  >
>;

/** A flat object: each filter is `{operator: value}`, several operators are ANDed. */
export interface VastSearchBody {
  order: readonly (readonly [column: string, direction: 'asc' | 'desc'])[];
  limit: number;
  type: 'on-demand';
  /** GB of disk that `dph_total` is priced for. */
  allocated_storage: number;
  [column: string]: unknown;
}

export interface VastRentBody {
  client_id: 'me';
  image: string;
  disk: number;
  label: string;
  /** `args` keeps the image's entrypoint; `ssh_direct` replaces it and runs `onstart`. */
  runtype: 'args' | 'ssh_direct';
  args?: readonly string[];
  onstart?: string;
  /** Variables, and ports as keys such as `-p 8000:8000` with the value `1`. */
  env: Readonly<Record<string, string>>;
  image_login?: string;
  target_state: 'running';
  /** Fail instead of leaving a stopped contract that waits for the GPU and bills its disk. */
  cancel_unavail: true;
}

/** @returns undefined when the answer is not `{offers: [...]}` */
export function readOffers(body: unknown): WireObject[] | undefined {
  return isObject(body) && Array.isArray(body.offers) ? body.offers.filter(isObject) : undefined;
}

export interface VastInstancePage {
  instances: WireObject[];
  nextToken: string | null;
  total: number;
}

/** @returns undefined when it is not a page of the list, so that a failed list never reads as an empty one */
export function readInstancePage(body: unknown): VastInstancePage | undefined {
  if (!isObject(body) || body.success === false || !Array.isArray(body.instances)) return undefined;
  const { instances, next_token: token = null, total_instances: total } = body;
  if (!instances.every(isInstance) || !(token === null || typeof token === 'string')) return undefined;
  return { instances, nextToken: token || null, total: typeof total === 'number' ? total : 0 };
}

/** @returns null for a contract that the farm does not know; undefined when the answer is something else */
export function readInstance(body: unknown): WireObject | null | undefined {
  if (!isObject(body)) return undefined;
  if (body.instances === null) return null;
  return isInstance(body.instances) ? body.instances : undefined;
}

function isInstance(value: unknown): value is WireObject {
  return isObject(value) && typeof value.id === 'number';
}
