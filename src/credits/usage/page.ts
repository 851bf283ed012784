import type { SelectQueryBuilder } from 'typeorm';
import { decodeCursor, encodeCursor } from '../../common/cursor.js';

/** Which part of a list, newest first; instants are epoch ms, `from` inclusive and `to` exclusive. */
export interface PageRequest {
  limit: number;
  cursor?: string;
  from?: number;
  to?: number;
}

export interface Page<T> {
  rows: T[];
  /** Asks for the rows after these; null at the end. */
  nextCursor: string | null;
}

/**
 * Reads one page ordered by an instant and the id, starting after the cursor's row: rows that are added meanwhile
 * neither repeat nor hide any.
 */
export async function pageOf<T extends { id: string }, K extends string & keyof T>(
  query: SelectQueryBuilder<T>,
  instant: K,
  { limit, cursor, from, to }: PageRequest,
): Promise<Page<T>> {
  if (from !== undefined) query.andWhere(`row.${instant} >= :from`, { from });
  if (to !== undefined) query.andWhere(`row.${instant} < :to`, { to });
  const after = decodeCursor(cursor);
  if (after) {
    const isLater = `row.${instant} < :afterAt OR (row.${instant} = :afterAt AND row.id < :afterId)`;
    query.andWhere(`(${isLater})`, { afterAt: after.createdAt, afterId: after.id });
  }
  query.orderBy(`row.${instant}`, 'DESC').addOrderBy('row.id', 'DESC');
  const rows = await query.take(limit + 1).getMany();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  const nextCursor = hasMore ? encodeCursor({ createdAt: Number(last[instant]), id: last.id }) : null;
  return { rows: page, nextCursor };
}
