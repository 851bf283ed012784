import { Entity, Index } from 'typeorm';
import { Amount, Flag, Id, Instant, Text } from '../../database/columns.js';

/** threshold: when less than so much is available. interval: once a calendar month (UTC). */
export const RENEW_TRIGGERS = ['threshold', 'interval'] as const;
export type RenewTrigger = (typeof RENEW_TRIGGERS)[number];

/** How a user wants credits to be bought without being asked. */
@Entity('auto_renew_rules')
@Index(['isEnabled', 'userId'])
export class AutoRenewRule {
  @Id()
  userId: string;

  @Flag()
  isEnabled: boolean;

  @Text({ length: 16 })
  trigger: RenewTrigger;

  /** Only with the trigger of that name. */
  @Amount({ nullable: true })
  thresholdMicro: number | null;

  /** Bought each time. */
  @Amount()
  amountMicro: number;

  /** Most that renewals may buy in a calendar month. */
  @Amount()
  monthlyLimitMicro: number;

  /** A saved method; null = the default one. */
  @Text({ nullable: true, length: 255 })
  paymentMethod: string | null;

  @Instant()
  updatedAt: number;
}
