import { Injectable } from '@nestjs/common';
import { DEFAULT_PAGE_SIZE } from '../common/cursor.js';
import { DomainError } from '../common/domain-error.js';
import { PersonalVault } from '../secrets/personal-vault.js';
import type { AuditAction, AuditResult } from './audit-action.js';
import type { AuditEntry } from './audit-entry.entity.js';
import type { PersonalPart } from './audit-event.js';
import { AuditRepository } from './audit.repository.js';

export interface AuditFilter {
  action?: AuditAction;
  result?: AuditResult;
  actorId?: string;
  subjectId?: string;
}

export interface AuditRow {
  entry: AuditEntry;
  /** Undefined: there is nothing personal, or it is forgotten. */
  personal: PersonalPart | undefined;
}

export interface AuditPage {
  rows: AuditRow[];
  nextCursor: string | null;
}

/** The audit log as people look at it, latest first. */
@Injectable()
export class AuditReader {
  constructor(
    private readonly entries: AuditRepository,
    private readonly vault: PersonalVault,
  ) {}

  /** @throws DomainError 422 `invalid_cursor` */
  async page(
    filter: AuditFilter,
    { limit = DEFAULT_PAGE_SIZE, cursor }: { limit?: number; cursor?: string },
  ): Promise<AuditPage> {
    const found = await this.entries.page(onlyGiven(filter), limit + 1, seqOf(cursor));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const nextCursor = found.length > limit && last ? String(last.seq) : null;
    return { rows: await this.withPersonal(page), nextCursor };
  }

  /**
   * What a user may see: everything about the own account. Addresses are shown where the user or a stranger acted,
   * not where an administrator did.
   */
  async pageOf(
    userId: string,
    filter: AuditFilter,
    position: { limit?: number; cursor?: string },
  ): Promise<AuditPage> {
    const page = await this.page({ ...filter, subjectId: userId }, position);
    const rows = page.rows.map((row) =>
      isOthers(row.entry, userId) ? { ...row, personal: undefined } : row,
    );
    return { ...page, rows };
  }

  private async withPersonal(entries: readonly AuditEntry[]): Promise<AuditRow[]> {
    const texts = entries.flatMap(({ personalKeyId: keyId, personal: text }) =>
      keyId !== null && text !== null ? [{ keyId, text }] : [],
    );
    const opened = await this.vault.openAll<PersonalPart>(texts);
    return entries.map((entry) => ({ entry, personal: opened.get(entry.personal ?? '') }));
  }
}

/** TypeORM refuses conditions that are undefined. */
function onlyGiven(filter: AuditFilter): AuditFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function isOthers({ actorId }: AuditEntry, userId: string): boolean {
  return actorId !== null && actorId !== userId;
}

function seqOf(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  if (!/^\d{1,15}$/.test(cursor))
    throw new DomainError('invalid_cursor', 422, 'Use the next_cursor of the page before.');
  return Number(cursor);
}
