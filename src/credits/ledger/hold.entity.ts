import { Entity, Index, Unique } from 'typeorm';
import { Amount, Id, Instant, Reference, Text } from '../../database/columns.js';

export type HoldState = 'open' | 'settled' | 'voided' | 'expired';
export type HoldPurpose = 'rental' | 'requests';

/**
 * Credits set aside for something that will cost. Open, it can be extended and charged in parts; it closes once:
 * settled (a last charge, the rest freed), voided or expired (the rest freed). A closed hold never changes again.
 */
@Entity('credit_holds')
@Unique(['userId', 'idempotencyKey'])
@Index(['userId', 'state'])
@Index(['state', 'leaseUntil'])
export class CreditHold {
  @Id()
  id: string;

  @Reference()
  userId: string;

  @Text({ length: 32 })
  purpose: HoldPurpose;

  /** What it is for, e.g. a rental's id. */
  @Text({ length: 255 })
  reference: string;

  @Text({ length: 255 })
  idempotencyKey: string;

  @Text({ length: 64 })
  inputHash: string;

  /** All that was ever set aside, extensions included. */
  @Amount()
  amountMicro: number;

  /** The part of it that was charged. */
  @Amount()
  capturedMicro: number;

  @Text({ length: 16 })
  state: HoldState;

  /** The last charge, with which it was settled. */
  @Amount({ nullable: true })
  settledMicro: number | null;

  /** An open hold past this instant expires; null = it is kept by its owner. */
  @Instant({ nullable: true })
  leaseUntil: number | null;

  @Instant()
  createdAt: number;

  @Instant({ nullable: true })
  closedAt: number | null;
}

/** What an open hold still has set aside. */
export function remainingOf(hold: CreditHold): number {
  return hold.amountMicro - hold.capturedMicro;
}
