import { Entity, Index, Unique } from 'typeorm';
import { Count, Id, Instant, Reference, Text } from '../../database/columns.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';

/** A saved card: the processor's id of it and what people recognise it by. Nothing that could be charged elsewhere. */
@Entity('payment_methods')
@Unique(['provider', 'externalId'])
@Index(['userId', 'createdAt'])
export class PaymentMethod {
  @Id()
  id: string;

  @Reference()
  userId: string;

  @Text({ length: 16 })
  provider: PaymentProviderName;

  @Text({ length: 255 })
  externalId: string;

  @Text({ length: 32 })
  brand: string;

  @Text({ length: 4 })
  last4: string;

  @Count()
  expMonth: number;

  @Count()
  expYear: number;

  @Instant()
  createdAt: number;
}
