import { Entity, Index, Unique } from 'typeorm';
import { Count, Id, Instant, Json, Text } from '../../database/columns.js';
import type { PaymentProviderName } from '../payments/payment.entity.js';

export type CallbackState = 'new' | 'done' | 'ignored' | 'given_up';

/** A processor's call-back whose signature was right: stored first, acted on afterwards, once per event id. */
@Entity('payment_callbacks')
@Unique(['provider', 'eventId'])
@Index(['state', 'dueAt'])
export class PaymentCallback {
  @Id()
  id: string;

  @Text({ length: 16 })
  provider: PaymentProviderName;

  @Text({ length: 255 })
  eventId: string;

  @Text({ length: 128 })
  type: string;

  @Json()
  data: Readonly<Record<string, string | number | boolean | null>>;

  @Text({ length: 16 })
  state: CallbackState;

  @Count()
  attempts: number;

  /** A new one is acted on from this instant on. */
  @Instant()
  dueAt: number;

  @Instant()
  receivedAt: number;

  @Instant({ nullable: true })
  handledAt: number | null;
}
