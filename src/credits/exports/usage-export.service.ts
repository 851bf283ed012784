import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { stringify } from 'csv-stringify';
import { CreditHistory, type HistoryRange } from '../usage/credit-history.service.js';
import { UsageView } from '../usage.view.js';

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const TYPES = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' } as const;

const COLUMNS: readonly (keyof UsageView)[] = [
  'id',
  'time',
  'request_id',
  'pool',
  'instance_id',
  'protocol',
  'route',
  'status',
  'duration_ms',
  'input_tokens',
  'output_tokens',
  'cost_credits',
  'gpu_cost_credits',
];

/** All of a user's usage rows as one file, read page by page as fast as the reader takes them. */
@Injectable()
export class UsageExport {
  constructor(private readonly history: CreditHistory) {}

  file(userId: string, range: HistoryRange, format: ExportFormat): StreamableFile {
    const views = this.views(userId, range);
    const content = format === 'csv' ? toCsv(views) : Readable.from(toLines(views));
    const disposition = `attachment; filename="usage.${format}"`;
    return new StreamableFile(content, { type: TYPES[format], disposition });
  }

  private async *views(userId: string, range: HistoryRange): AsyncGenerator<UsageView> {
    for await (const row of this.history.allUsageOf(userId, range)) yield UsageView.from(row);
  }
}

/** Callers choose request ids and names of pools, and somebody else may open the file: no cell may be a formula. */
function toCsv(views: AsyncIterable<UsageView>): Readable {
  const csv = stringify({
    header: true,
    columns: [...COLUMNS],
    escape_formulas: true,
    record_delimiter: '\r\n',
  });
  const source = Readable.from(views);
  source.once('error', (error) => csv.destroy(error));
  csv.once('close', () => source.destroy());
  return source.pipe(csv);
}

async function* toLines(views: AsyncIterable<UsageView>): AsyncGenerator<string> {
  for await (const view of views) yield `${JSON.stringify(view)}\n`;
}
