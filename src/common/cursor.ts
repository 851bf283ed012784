import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { DomainError } from './domain-error.js';
import { numberFromText } from './query-values.js';

/** Position in a list ordered by time, newest first: opaque for callers, `<epoch ms>.<id>` inside. */
export interface Cursor {
  createdAt: number;
  id: string;
}

export const DEFAULT_PAGE_SIZE = 50;

export class CursorQueryDto {
  /** Rows per page. */
  @IsOptional()
  @Transform(numberFromText)
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(256)
  cursor?: string;
}

export function encodeCursor({ createdAt, id }: Cursor): string {
  return Buffer.from(`${createdAt}.${id}`).toString('base64url');
}

/** @throws DomainError 422 `invalid_cursor` */
export function decodeCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,15})\.([\w-]{1,64})$/.exec(Buffer.from(text, 'base64url').toString());
  if (!match) throw new DomainError('invalid_cursor', 422, 'Use the next_cursor of the page before.');
  return { createdAt: Number(match[1]), id: match[2] };
}

/** Cuts a page of `limit` rows from one row more than that, and tells where the next one begins. */
export function pageOf<T extends Cursor>(
  rows: readonly T[],
  limit: number,
): { rows: T[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
}
