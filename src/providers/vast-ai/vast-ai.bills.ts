import type { FarmClient } from '../farm-client.js';
import type { CallOptions, EndedContract } from '../gpu-provider.js';
import { isObject, textOf, type WireObject } from '../wire-guards.js';
import { isRefused, unexpectedAnswer, vastError } from './vast-ai.errors.js';
import { VAST_CHARGE_ROWS, VAST_PATHS, type VastLane } from './vast-ai.wire.js';

const MOST_PAGES = 400;
const DAY_SECONDS = 86_400;
const MICRO_PER_DOLLAR = 1_000_000;
const SOURCE = /^instance-(\d{1,15})$/;

/**
 * `GET /charges/`: a row per instance with all that it has cost (GPU, disk, traffic both ways), filtered by day as the
 * official client does it. Rows of one instance are added up.
 */
export async function readVastBills(
  client: FarmClient<VastLane>,
  contracts: readonly EndedContract[],
  options: CallOptions,
): Promise<Map<string, number>> {
  const wanted = new Set(contracts.map(({ contractId }) => contractId));
  const bills = new Map<string, number>();
  for (const row of await readCharges(client, contracts, options)) {
    const contractId = SOURCE.exec(textOf(row.source) ?? '')?.[1];
    const micro = Math.round(Number(row.amount) * MICRO_PER_DOLLAR);
    if (contractId === undefined || !wanted.has(contractId)) continue;
    if (!Number.isSafeInteger(micro)) throw unexpectedAnswer();
    bills.set(contractId, (bills.get(contractId) ?? 0) + micro);
  }
  return bills;
}

async function readCharges(
  client: FarmClient<VastLane>,
  contracts: readonly EndedContract[],
  options: CallOptions,
): Promise<WireObject[]> {
  const rows: WireObject[] = [];
  let token: string | null = null;
  for (let page = 1; page <= MOST_PAGES; page++) {
    const answer = await client.call(
      { method: 'GET', path: pathOf(contracts, token), lane: 'charges', isRepeatable: true },
      options,
    );
    if (isRefused(answer)) throw vastError(answer);
    const { body } = answer;
    if (!isObject(body) || body.success === false || !Array.isArray(body.results)) throw unexpectedAnswer();
    rows.push(...body.results.filter(isObject));
    const next = textOf(body.next_token);
    if (next === null) return rows;
    if (next === token) break;
    token = next;
  }
  throw unexpectedAnswer();
}

/** A day on both sides: whose midnight it is does not matter then. */
function pathOf(contracts: readonly EndedContract[], token: string | null): string {
  const from = Math.floor(Math.min(...contracts.map(({ startedAt }) => startedAt)) / 1000) - DAY_SECONDS;
  const to = Math.ceil(Math.max(...contracts.map(({ endedAt }) => endedAt)) / 1000) + DAY_SECONDS;
  const query = new URLSearchParams({
    select_filters: JSON.stringify({ day: { gte: from, lte: to } }),
    limit: String(VAST_CHARGE_ROWS),
    ...(token === null ? {} : { after_token: token }),
  });
  return `${VAST_PATHS.charges}?${query}`;
}
