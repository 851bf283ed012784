import { Entity } from 'typeorm';
import { Count, Id, Instant, Text } from '../../database/columns.js';

/** How often counters begin anew: at midnight, on Monday, on the first; UTC. */
export const RESET_INTERVALS = ['day', 'week', 'month'] as const;
export type ResetInterval = (typeof RESET_INTERVALS)[number];

/** What an operator allows a user, beside the credits, and how much of it is used. */
@Entity('credit_quotas')
export class CreditQuota {
  @Id()
  userId: string;

  /** Proxied requests; null = as many as are paid for. */
  @Count({ nullable: true })
  maxRequests: number | null;

  @Count()
  usedRequests: number;

  /** Seconds of rental times GPUs. */
  @Count({ nullable: true })
  maxGpuSeconds: number | null;

  /** What runs has its runway counted ahead. */
  @Count()
  usedGpuSeconds: number;

  /** Null = the counters never begin anew. */
  @Text({ nullable: true, length: 8 })
  resetInterval: ResetInterval | null;

  @Instant({ nullable: true })
  resetAt: number | null;
}
