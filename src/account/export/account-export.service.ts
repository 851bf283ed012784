import { Readable } from 'node:stream';
import { Inject, Injectable, StreamableFile } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { EXPORT_PARTS, type ExportPart, type ExportSection } from './export-part.js';

export const EXPORT_FORMATS = ['json', 'ndjson'] as const;
export type AccountExportFormat = (typeof EXPORT_FORMATS)[number];

const TYPES = { json: 'application/json; charset=utf-8', ndjson: 'application/x-ndjson' } as const;

/** Sections that hold one object, not a list. */
const SINGLE = new Set(['profile', 'credits']);

/** All that there is about a user as one document, written while it is read. */
@Injectable()
export class AccountExport {
  constructor(
    @Inject(EXPORT_PARTS) private readonly parts: readonly ExportPart[],
    private readonly clock: Clock,
  ) {}

  file(userId: string, format: AccountExportFormat): StreamableFile {
    const sections = this.parts.flatMap((part) => part.sections());
    const lines = format === 'json' ? this.document(userId, sections) : toLines(userId, sections);
    const disposition = `attachment; filename="account.${format}"`;
    return new StreamableFile(Readable.from(lines), { type: TYPES[format], disposition });
  }

  private async *document(userId: string, sections: readonly ExportSection[]): AsyncGenerator<string> {
    yield `{"exported_at":${JSON.stringify(new Date(this.clock.now()).toISOString())}`;
    for (const section of sections) {
      const [open, close] = SINGLE.has(section.name) ? ['', ''] : ['[', ']'];
      yield `,\n${JSON.stringify(section.name)}:${open}`;
      yield* joined(section.rows(userId), SINGLE.has(section.name));
      yield close;
    }
    yield '}\n';
  }
}

async function* joined(
  rows: AsyncIterable<object> | Iterable<object>,
  isSingle: boolean,
): AsyncGenerator<string> {
  let count = 0;
  for await (const row of rows) yield `${count++ > 0 ? ',\n' : ''}${JSON.stringify(row)}`;
  if (isSingle && count === 0) yield 'null';
}

/** One `{section, data}` a line. */
async function* toLines(userId: string, sections: readonly ExportSection[]): AsyncGenerator<string> {
  for (const { name: section, rows } of sections) {
    for await (const data of rows(userId)) yield `${JSON.stringify({ section, data })}\n`;
  }
}
