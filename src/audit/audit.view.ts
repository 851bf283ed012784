import type { AuditPage, AuditRow } from './audit-reader.js';
import type { AuditVerdict } from './audit-verifier.js';

/** One thing that happened. */
export class AuditEntryView {
  id: string;
  /** 1, 2, 3… without a gap over the whole installation. */
  seq: number;
  at: string;
  /** `noun.verb` */
  action: string;
  /** ok, refused (we did not let it happen) or failed. */
  result: string;
  /** user, anonymous, operator (at the machine itself) or system. */
  actor_kind: string;
  actor_id: string | null;
  /** api_key or jwt. */
  credential: string | null;
  /** Id of the API key or of the login. */
  credential_id: string | null;
  /** Whose account it concerns. */
  subject_id: string | null;
  /** What it was done to, as `kind:id`. */
  target: string | null;
  request_id: string | null;
  details: Record<string, unknown>;
  /** Address, user agent and the like; null when there is none, or when it is forgotten by now. */
  personal: Record<string, unknown> | null;
  /** SHA-256 over this entry and the hash of the one before it. */
  hash: string;

  static from({ entry, personal }: AuditRow): AuditEntryView {
    return {
      id: entry.id,
      seq: entry.seq,
      at: new Date(entry.at).toISOString(),
      action: entry.action,
      result: entry.result,
      actor_kind: entry.actorKind,
      actor_id: entry.actorId,
      credential: entry.credential,
      credential_id: entry.credentialId,
      subject_id: entry.subjectId,
      target: entry.target,
      request_id: entry.requestId,
      details: JSON.parse(entry.details) as Record<string, unknown>,
      personal: personal ?? null,
      hash: entry.hash,
    };
  }
}

/** Latest first. */
export class AuditListView {
  audit: AuditEntryView[];
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;

  static from({ rows, nextCursor }: AuditPage): AuditListView {
    return { audit: rows.map((row) => AuditEntryView.from(row)), next_cursor: nextCursor };
  }
}

/** The first thing found wrong. */
export class AuditBreakView {
  seq: number;
  problem: string;
}

/** Whether the audit log, computed anew from its first entry, is what it says it is. */
export class AuditVerdictView {
  is_intact: boolean;
  /** Entries that were found in order. */
  entries: number;
  /** Write it down elsewhere: a later look can then tell that nothing was cut off. */
  last_hash: string;
  first_break: AuditBreakView | null;

  static from({ isIntact, entries, lastHash, firstBreak }: AuditVerdict): AuditVerdictView {
    return { is_intact: isIntact, entries, last_hash: lastHash, first_break: firstBreak ?? null };
  }
}
