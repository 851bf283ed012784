import { DEFAULT_PAGE_SIZE, decodeCursor, encodeCursor } from '../../common/cursor.js';
import { USAGE_GROUPS, type EconomicsRange, type UsageGroup } from '../../credits/economics/economics.js';
import { invalidCursor, invalidRange } from '../admin.errors.js';
import type { ListRequestsDto } from '../dto/list-requests.dto.js';
import type { ReadUsageDto } from '../dto/read-usage.dto.js';

const DAY_MS = 86_400_000;
const USUAL_MS = 30 * DAY_MS;
const LONGEST_MS = 366 * DAY_MS;
/** Sums have no ids: their position in the list is counted. */
const POSITION = 'position';

export interface UsageQuery {
  range: EconomicsRange;
  groups: readonly UsageGroup[];
  page: { limit: number; offset: number };
}

export interface RequestsQuery {
  range: EconomicsRange;
  page: { limit: number; cursor?: string };
}

/** @throws DomainError 422 for an empty or too long time and for a cursor of another list */
export function usageQueryFrom(input: ReadUsageDto, now: number): UsageQuery {
  const { from, to } = timeOf(input, now);
  const { limit = DEFAULT_PAGE_SIZE, cursor, by: groups = USAGE_GROUPS, user_id: userId } = input;
  const position = decodeCursor(cursor);
  if (position && position.id !== POSITION) throw invalidCursor();
  return { range: { from, to, userId }, groups, page: { limit, offset: position?.createdAt ?? 0 } };
}

/** @throws as `usageQueryFrom` */
export function requestsQueryFrom(input: ListRequestsDto, now: number): RequestsQuery {
  const { limit = DEFAULT_PAGE_SIZE, cursor, user_id: userId, pool } = input;
  return { range: { ...timeOf(input, now), userId, pool }, page: { limit, cursor } };
}

function timeOf(input: { from?: string; to?: string }, now: number): { from: number; to: number } {
  const to = input.to === undefined ? now : Date.parse(input.to);
  const from = input.from === undefined ? to - USUAL_MS : Date.parse(input.from);
  if (from >= to) throw invalidRange('from must be before to');
  if (to - from > LONGEST_MS) throw invalidRange('from and to must be at most 366 days apart');
  return { from, to };
}

export function cursorAfter({ limit, offset }: UsageQuery['page']): string {
  return encodeCursor({ createdAt: offset + limit, id: POSITION });
}
