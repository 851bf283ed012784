import { ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import { instanceAnswer } from './instance-answer.js';
import { compareValues, passes } from './operators.js';
import { invalidArgs, invalidKeyColumn, invalidToken } from './vast.errors.js';
import type { VastFarm } from './vast-farm.js';

const MAX_PAGE = 25;

/** Columns of the farm's own table; everything computed is refused as a search key. */
const STORED_COLUMNS = new Set([
  'id',
  'label',
  'actual_status',
  'intended_status',
  'cur_state',
  'next_state',
  'gpu_name',
  'verification',
  'machine_id',
  'host_id',
  'image_uuid',
  'start_date',
  'end_date',
  'is_bid',
  'geolocation',
]);

type Row = Record<string, unknown>;
interface OrderKey {
  col: string;
  dir?: 'asc' | 'desc';
}

/** `GET /api/v1/instances/`: at most 25 rows a page, the next one behind an opaque token. */
export function listInstances(farm: VastFarm, { query }: FarmCall): FarmAnswer {
  const filters = parseJson(query.select_filters, {}) as Row;
  const order = [...(parseJson(query.order_by, []) as OrderKey[]), { col: 'id' }];
  [...Object.keys(filters), ...order.map(({ col }) => col)].forEach(requireStored);
  const now = farm.clock.now();
  const rows = farm.contracts
    .alive()
    .map((contract) => instanceAnswer(contract, now, farm.host))
    .filter((row) => Object.entries(filters).every(([column, conditions]) => passes(row[column], conditions)))
    .toSorted((left, right) => compareRows(order, left, right));
  const rest = query.after_token ? rowsAfter(rows, order, readToken(query.after_token)) : rows;
  const page = rest.slice(0, pageSize(query.limit));
  return ok({
    success: true,
    instances_found: page.length,
    total_instances: rows.length,
    label_counts: labelCounts(rows),
    next_token: page.length < rest.length ? writeToken(order, page.at(-1) as Row) : null,
    instances: page.map((row) => selectColumns(row, parseJson(query.select_cols, ['*']) as string[])),
  });
}

function pageSize(limit: string | undefined): number {
  if (limit === undefined) return MAX_PAGE;
  const size = Number(limit);
  if (!Number.isInteger(size) || size < 1) throw invalidArgs('limit must be a whole number above 0');
  return Math.min(size, MAX_PAGE);
}

function requireStored(column: string): void {
  if (!STORED_COLUMNS.has(column)) throw invalidKeyColumn(column);
}

function compareRows(order: readonly OrderKey[], left: Row, right: Row): number {
  for (const { col, dir } of order) {
    const difference = compareValues(left[col], right[col]);
    if (difference !== 0) return dir === 'desc' ? -difference : difference;
  }
  return 0;
}

function rowsAfter(rows: Row[], order: readonly OrderKey[], last: Row): Row[] {
  return rows.filter((row) => compareRows(order, row, last) > 0);
}

function writeToken(order: readonly OrderKey[], row: Row): string {
  const values = Object.fromEntries(order.map(({ col }) => [col, row[col]]));
  return Buffer.from(JSON.stringify({ values })).toString('base64');
}

function readToken(token: string): Row {
  try {
    const { values } = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as { values: Row };
    if (typeof values.id === 'number') return values;
  } catch {
    throw invalidToken();
  }
  throw invalidToken();
}

function labelCounts(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { label } of rows) if (typeof label === 'string') counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

function selectColumns(row: Row, columns: readonly string[]): Row {
  if (columns.includes('*')) return row;
  return Object.fromEntries(columns.filter((column) => column in row).map((column) => [column, row[column]]));
}

function parseJson(text: string | undefined, fallback: unknown): unknown {
  if (text === undefined) return fallback;
  try {
    return JSON.parse(text);
  } catch {
    throw invalidArgs('select_filters, order_by and select_cols are JSON');
  }
}
