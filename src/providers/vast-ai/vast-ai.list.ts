import type { FarmClient } from '../farm-client.js';
import type { CallOptions } from '../gpu-provider.js';
import type { WireObject } from '../wire-guards.js';
import { isRefused, unexpectedAnswer, vastError } from './vast-ai.errors.js';
import {
  readInstancePage,
  VAST_LIST_ROWS,
  VAST_PATHS,
  type VastInstancePage,
  type VastLane,
} from './vast-ai.wire.js';

const MOST_PAGES = 400;

/**
 * Every instance of the account. A page that fails, repeats its token or leaves the count short fails the whole list:
 * a client that took a dead list for an empty one launched replicas without end (skypilot issue 10517).
 */
export async function readAllInstances(
  client: FarmClient<VastLane>,
  options: CallOptions,
): Promise<WireObject[]> {
  const found = new Map<number, WireObject>();
  let token: string | null = null;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const { instances, nextToken, total } = await readPage(client, token, options);
    instances.forEach((instance) => found.set(Number(instance.id), instance));
    if (nextToken === null && found.size >= total) return [...found.values()];
    if (nextToken === null || nextToken === token) break;
    token = nextToken;
  }
  throw unexpectedAnswer();
}

async function readPage(
  client: FarmClient<VastLane>,
  token: string | null,
  options: CallOptions,
): Promise<VastInstancePage> {
  const query = new URLSearchParams({
    limit: String(VAST_LIST_ROWS),
    order_by: JSON.stringify([{ col: 'id', dir: 'asc' }]),
    ...(token === null ? {} : { after_token: token }),
  });
  const path = `${VAST_PATHS.list}?${query}`;
  const answer = await client.call({ method: 'GET', path, lane: 'list', isRepeatable: true }, options);
  if (isRefused(answer)) throw vastError(answer);
  const page = readInstancePage(answer.body);
  if (!page) throw unexpectedAnswer();
  return page;
}
