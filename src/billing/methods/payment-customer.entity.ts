import { Entity, PrimaryColumn } from 'typeorm';
import { COLUMN_KINDS } from '../../database/column-kinds.js';
import { Instant, Text } from '../../database/columns.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';

/** A user as the processor that keeps payment methods knows them; made when the first method is saved. */
@Entity('payment_customers')
export class PaymentCustomer {
  @PrimaryColumn(COLUMN_KINDS.id)
  userId: string;

  @Text({ length: 16 })
  provider: PaymentProviderName;

  @Text({ length: 255 })
  externalId: string;

  @Instant()
  createdAt: number;
}
