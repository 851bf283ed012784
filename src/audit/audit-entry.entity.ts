import { Entity, Index, Unique } from 'typeorm';
import type { Origin } from '../common/origin.js';
import { Count, Id, Instant, Reference, Text } from '../database/columns.js';
import type { AuditAction, AuditResult } from './audit-action.js';

/** One thing that happened. Never changed, never deleted: the database refuses it. */
@Entity('audit_entries')
@Unique(['seq'])
@Index(['subjectId', 'seq'])
@Index(['actorId', 'seq'])
@Index(['action', 'seq'])
export class AuditEntry {
  @Id() id: string;

  /** 1, 2, 3… without a gap. */
  @Count() seq: number;

  /** Never before the entry ahead of it. */
  @Instant() at: number;

  @Text({ length: 64 }) action: AuditAction;

  @Text({ length: 8 }) result: AuditResult;

  @Text({ length: 16 }) actorKind: Origin['actorKind'];

  @Reference({ nullable: true }) actorId: string | null;

  @Text({ length: 16, nullable: true }) credential: 'api_key' | 'jwt' | null;

  @Reference({ nullable: true }) credentialId: string | null;

  /** Whose account it concerns; this user sees the entry. */
  @Reference({ nullable: true }) subjectId: string | null;

  /** What it was done to, as `kind:id`. */
  @Text({ length: 255, nullable: true }) target: string | null;

  @Text({ length: 128, nullable: true }) requestId: string | null;

  /** JSON, exactly as it was hashed. */
  @Text() details: string;

  /** Addresses, user agents, emails: encrypted with the key `personalKeyId`, and hashed as this ciphertext. */
  @Text({ nullable: true }) personal: string | null;

  @Reference({ nullable: true }) personalKeyId: string | null;

  @Text({ length: 64 }) prevHash: string;

  /** SHA-256 of all of the above. */
  @Text({ length: 64 }) hash: string;
}
