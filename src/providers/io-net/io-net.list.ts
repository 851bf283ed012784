import type { FarmClient } from '../farm-client.js';
import type { CallOptions } from '../gpu-provider.js';
import type { WireObject } from '../wire-guards.js';
import { ioNetError, isRefused, unexpectedAnswer } from './io-net.errors.js';
import { IO_NET_LIST_ROWS, IO_NET_PATHS, readDeploymentPage, type IoNetLane } from './io-net.wire.js';

/** In the order of a deployment's life, so that one that moves on while the lists are read is met in a later one. */
const LIVE_STATUSES = ['deployment requested', 'running', 'termination requested'] as const;
const MOST_PAGES = 100;

/** Every deployment that has not ended; the ended ones are kept by the farm for ever and would be most of the list. */
export async function readLiveDeployments(
  client: FarmClient<IoNetLane>,
  options: CallOptions,
): Promise<WireObject[]> {
  const found = new Map<string, WireObject>();
  for (const status of LIVE_STATUSES) {
    const deployments = await readStatus(client, status, options);
    deployments.forEach((deployment) => found.set(String(deployment.id), deployment));
  }
  return [...found.values()];
}

/** All pages. Rows that slip between pages leave the count short, which fails the list. */
async function readStatus(
  client: FarmClient<IoNetLane>,
  status: string,
  options: CallOptions,
): Promise<WireObject[]> {
  const found = new Map<string, WireObject>();
  for (let page = 0; page < MOST_PAGES; page++) {
    const path = IO_NET_PATHS.deployments(status, page);
    const answer = await client.call({ method: 'GET', path, lane: 'read', isRepeatable: true }, options);
    if (isRefused(answer)) throw ioNetError(answer);
    const rows = readDeploymentPage(answer.body);
    if (!rows) throw unexpectedAnswer();
    rows.deployments.forEach((deployment) => found.set(String(deployment.id), deployment));
    if (found.size >= rows.total) return [...found.values()];
    if (rows.deployments.length < IO_NET_LIST_ROWS) break;
  }
  throw unexpectedAnswer();
}
