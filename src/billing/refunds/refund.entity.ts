import { Entity, Index, Unique } from 'typeorm';
import { Amount, Flag, Id, Instant, Reference, Text } from '../../database/columns.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';

export type RefundState = 'pending' | 'succeeded' | 'failed';

/** Money given back: by an administrator here, or by hand at the processor (then without actor). */
@Entity('payment_refunds')
@Unique(['provider', 'externalId'])
@Unique(['paymentId', 'requestKey'])
@Index(['paymentId'])
@Index(['state', 'pollAt'])
export class PaymentRefund {
  @Id()
  id: string;

  @Reference()
  paymentId: string;

  @Reference()
  userId: string;

  @Text({ length: 16 })
  provider: PaymentProviderName;

  @Amount()
  amountMicro: number;

  @Text({ length: 500 })
  reason: string;

  /** The administrator. */
  @Reference({ nullable: true })
  actorId: string | null;

  /** Credits were taken though they were spent already. */
  @Flag()
  isForced: boolean;

  @Text({ length: 16 })
  state: RefundState;

  @Text({ nullable: true, length: 64 })
  detail: string | null;

  @Text({ nullable: true, length: 255 })
  externalId: string | null;

  @Text({ nullable: true, length: 300 })
  requestKey: string | null;

  /** When the processor is asked again; null = it has decided. */
  @Instant({ nullable: true })
  pollAt: number | null;

  @Instant()
  createdAt: number;

  @Instant()
  updatedAt: number;
}
