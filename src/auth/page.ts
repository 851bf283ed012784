import { invalidCursor } from './auth.errors.js';
import type { PageQueryDto } from './dto/page-query.dto.js';

/** A position in a list that is ordered by creation, newest first. */
interface Position {
  createdAt: number;
  id: string;
}

export interface Page<T> {
  rows: T[];
  nextCursor: string | null;
}

/**
 * One page of a list.
 * @param readRows answers at most so many rows after the position
 * @throws DomainError 422 `invalid_input` for a cursor that is none
 */
export async function readPage<T extends Position>(
  { limit, cursor }: PageQueryDto,
  readRows: (limit: number, after?: Position) => Promise<T[]>,
): Promise<Page<T>> {
  const rows = await readRows(limit + 1, cursor === undefined ? undefined : decodeCursor(cursor));
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { rows: page, nextCursor: last ? encodeCursor(last) : null };
}

function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt}.${id}`).toString('base64url');
}

function decodeCursor(cursor: string): Position {
  const match = /^(\d{1,15})\.([\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match) throw invalidCursor();
  return { createdAt: Number(match[1]), id: match[2] };
}
