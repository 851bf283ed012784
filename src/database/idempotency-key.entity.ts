import { Entity, Index, Unique } from 'typeorm';
import { Id, Instant, Json, Reference, Text } from './columns.js';

/** The outcome of a finished request, as its replay gives it. */
export type StoredOutcome =
  | { kind: 'result'; result: unknown }
  | { kind: 'failure'; code: string; status: number; detail: string }
  /** Not an end: what the work wants to find again should it die. */
  | { kind: 'note'; note: unknown };

/** One use of an `Idempotency-Key` by one user. */
@Entity('idempotency_keys')
@Unique(['userId', 'key'])
@Index(['createdAt'])
export class IdempotencyKey {
  @Id() id: string;
  @Reference() userId: string;
  @Text({ length: 255 }) key: string;
  /** SHA-256 of the input, in hex. */
  @Text({ length: 64 }) inputHash: string;
  @Text({ length: 10 }) state: 'running' | 'done';
  /** Which attempt runs: a process that was taken over must not write its outcome. */
  @Reference() attemptId: string;
  /** After this a running attempt counts as dead. */
  @Instant() leaseUntil: number;
  @Json({ nullable: true }) outcome: StoredOutcome | null;
  @Instant() createdAt: number;
}
