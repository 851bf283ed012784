import { Injectable } from '@nestjs/common';
import { AuditEntryView } from '../../../audit/audit.view.js';
import { AuditReader } from '../../../audit/audit-reader.js';
import { allPages, type ExportPart, type ExportSection } from '../export-part.js';

const PAGE = 100;

/** What happened to the account. */
@Injectable()
export class AuditPart implements ExportPart {
  constructor(private readonly reader: AuditReader) {}

  sections(): ExportSection[] {
    return [{ name: 'audit', rows: (userId) => this.entries(userId) }];
  }

  private async *entries(userId: string): AsyncGenerator<AuditEntryView> {
    const read = (cursor?: string) => this.reader.pageOf(userId, {}, { limit: PAGE, cursor });
    for await (const row of allPages(read)) yield AuditEntryView.from(row);
  }
}
