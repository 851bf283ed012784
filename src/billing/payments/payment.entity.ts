import { Entity, Index, Unique } from 'typeorm';
import { Amount, Count, Flag, Id, Instant, Json, Reference, Text } from '../../database/columns.js';
import type { PaymentStatus } from './payment-status.js';

/** The words of the processors on the wire. */
export const PAYMENT_PROVIDER_NAMES = ['stripe', 'crypto', 'afterdark'] as const;
export type PaymentProviderName = (typeof PAYMENT_PROVIDER_NAMES)[number];

/** What a processor needs to know to ask for the same payment again; never a card number, never a secret. */
export type PaymentInstructions = Readonly<Record<string, string | boolean | undefined>>;

/** One wish to buy credits, and what became of it. The ledger outlives it; amounts are micro-credits (1 credit = 1 USD). */
@Entity('payments')
@Unique(['userId', 'requestKey'])
@Unique(['provider', 'externalId'])
@Index(['userId', 'createdAt'])
@Index(['status', 'pollAt'])
export class Payment {
  @Id()
  id: string;

  @Reference()
  userId: string;

  @Text({ length: 16 })
  provider: PaymentProviderName;

  /** What was asked for. */
  @Amount()
  amountMicro: number;

  @Text({ length: 3 })
  currency: string;

  @Text({ length: 24 })
  status: PaymentStatus;

  /** More about the status: `overpaid`, `paid_late`, `card_declined`, `bad_provider_answer`… */
  @Text({ nullable: true, length: 64 })
  detail: string | null;

  /** How it is paid, for people: `card`, `checkout`, `crypto:ethereum`. */
  @Text({ length: 64 })
  method: string;

  /** `purchase` of a caller, or `renewal` by the caller's rule. It is the code of the ledger's transfer, too. */
  @Text({ length: 16 })
  purpose: 'purchase' | 'renewal';

  /** The processor's id of it. */
  @Text({ nullable: true, length: 255 })
  externalId: string | null;

  /** The caller's Idempotency-Key or the renewal's key, so that a request that died is taken up again, not repeated. */
  @Text({ nullable: true, length: 300 })
  requestKey: string | null;

  @Json()
  instructions: PaymentInstructions;

  /** The step that is up to the payer, sealed: it may hold a client secret. */
  @Text({ nullable: true })
  sealedNextAction: string | null;

  /** Credits posted for it. */
  @Amount()
  creditedMicro: number;

  /** Credits taken back by refunds, those under way included. */
  @Amount()
  refundedMicro: number;

  @Flag()
  isDisputed: boolean;

  /** When the processor is asked again; null = never by itself. */
  @Instant({ nullable: true })
  pollAt: number | null;

  @Count()
  polls: number;

  @Instant()
  createdAt: number;

  @Instant()
  updatedAt: number;

  @Instant({ nullable: true })
  completedAt: number | null;
}
