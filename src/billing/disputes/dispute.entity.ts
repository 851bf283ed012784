import { Entity, Index, Unique } from 'typeorm';
import { Amount, Flag, Id, Instant, Reference, Text } from '../../database/columns.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';

export type DisputeState = 'open' | 'won' | 'lost';

/** A payer's bank wants its money back. While it is open the account is frozen; won, the credits come back. */
@Entity('payment_disputes')
@Unique(['provider', 'externalId'])
@Index(['userId', 'state'])
export class PaymentDispute {
  @Id()
  id: string;

  @Reference()
  paymentId: string;

  @Reference()
  userId: string;

  @Text({ length: 16 })
  provider: PaymentProviderName;

  @Text({ length: 255 })
  externalId: string;

  /** Credits that were taken. */
  @Amount()
  amountMicro: number;

  @Text({ length: 16 })
  state: DisputeState;

  /** The account was frozen before, for another reason, and stays so when this dispute is won. */
  @Flag()
  wasFrozen: boolean;

  @Instant()
  createdAt: number;

  @Instant()
  updatedAt: number;
}
