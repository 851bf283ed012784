/** One list of an export. `rows` are read as they are taken, so that an export of any size needs no memory. */
export interface ExportSection {
  /** Its member in the document. */
  name: string;
  rows(userId: string): AsyncIterable<object> | Iterable<object>;
}

/** A family of sections. A new kind of data is a section in one of its members, or a member. */
export interface ExportPart {
  sections(): readonly ExportSection[];
}

export const EXPORT_PARTS = Symbol('EXPORT_PARTS');

/** All rows of a list that is read in pages. */
export async function* allPages<T>(
  read: (cursor?: string) => Promise<{ rows: readonly T[]; nextCursor: string | null }>,
): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    yield* page.rows;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** A list of one. */
export async function* single<T extends object>(row: Promise<T | null | undefined>): AsyncGenerator<T> {
  const found = await row;
  if (found) yield found;
}
