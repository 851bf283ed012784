import { createHash } from 'node:crypto';
import type { AuditEntry } from './audit-entry.entity.js';

/** What the first entry has before it. */
export const GENESIS_HASH = '0'.repeat(64);

/** Every stored value of the entry, in this order, behind the hash of the one before it. */
export function auditHash(entry: Omit<AuditEntry, 'hash'>): string {
  const values = [
    entry.prevHash,
    entry.seq,
    entry.id,
    entry.at,
    entry.action,
    entry.result,
    entry.actorKind,
    entry.actorId,
    entry.credential,
    entry.credentialId,
    entry.subjectId,
    entry.target,
    entry.requestId,
    entry.details,
    entry.personal,
    entry.personalKeyId,
  ];
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}
