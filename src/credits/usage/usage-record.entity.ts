import { Entity, Index } from 'typeorm';
import { Amount, Count, Id, Instant, Reference, Text } from '../../database/columns.js';

/** One request through the data plane. */
@Entity('usage_records')
@Index(['userId', 'at', 'id'])
@Index(['at'])
export class UsageRecord {
  @Id()
  id: string;

  @Instant()
  at: number;

  @Text({ length: 128 })
  requestId: string;

  @Reference()
  userId: string;

  @Reference({ nullable: true })
  keyId: string | null;

  @Text({ nullable: true, length: 128 })
  pool: string | null;

  @Text({ nullable: true, length: 128 })
  instanceId: string | null;

  @Reference({ nullable: true })
  rentalId: string | null;

  @Text({ length: 32 })
  protocol: string;

  @Text({ length: 255 })
  route: string;

  /** HTTP status that the caller got. */
  @Count()
  status: number;

  @Count()
  durationMs: number;

  @Count({ nullable: true })
  inputTokens: number | null;

  @Count({ nullable: true })
  outputTokens: number | null;

  @Count()
  bytesIn: number;

  @Count()
  bytesOut: number;

  /** What the request itself was charged. */
  @Amount()
  costMicro: number;

  /** Its share of the time in which the instance had something to do; what runs at once shares equally. */
  @Count({ nullable: true })
  busyMs: number | null;

  /** That share of what the rental costs its user. */
  @Amount({ nullable: true })
  gpuCostMicro: number | null;

  /** That share of what the farm takes. */
  @Amount({ nullable: true })
  providerCostMicro: number | null;
}
