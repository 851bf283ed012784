import { Entity, Index, Unique } from 'typeorm';
import { Amount, Count, Id, Instant, Reference, Text } from '../../database/columns.js';

export type RenewalState = 'open' | 'requires_action' | 'done' | 'failed';

/** One occasion on which a user's rule wanted credits bought. A user has at most one that is not over. */
@Entity('payment_renewals')
@Unique(['renewKey'])
@Index('idx_payment_renewals_in_flight', ['userId'], {
  unique: true,
  where: "state IN ('open', 'requires_action')",
})
@Index(['state', 'tryAt'])
export class PaymentRenewal {
  @Id()
  id: string;

  @Reference()
  userId: string;

  /** `renew:{user}:{period or sequence}`. */
  @Text({ length: 255 })
  renewKey: string;

  @Amount()
  amountMicro: number;

  @Text({ length: 16 })
  state: RenewalState;

  @Text({ nullable: true, length: 64 })
  detail: string | null;

  @Count()
  tries: number;

  /** The payment of the latest try. */
  @Reference({ nullable: true })
  paymentId: string | null;

  @Instant({ nullable: true })
  tryAt: number | null;

  @Instant()
  createdAt: number;

  @Instant()
  updatedAt: number;
}
