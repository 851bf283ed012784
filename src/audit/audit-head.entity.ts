import { Entity } from 'typeorm';
import { Count, Id, Instant, Text } from '../database/columns.js';

/** The end of the chain: one row, made by the migration. Whoever appends locks it. */
@Entity('audit_head')
export class AuditHead {
  @Id() id: string;
  /** `seq` of the last entry. */
  @Count() seq: number;
  @Text({ length: 64 }) lastHash: string;
  @Instant() lastAt: number;
}
