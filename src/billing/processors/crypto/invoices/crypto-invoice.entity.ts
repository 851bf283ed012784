import { Entity, Index, Unique } from 'typeorm';
import { Amount, Count, Flag, Id, Instant, Reference, Text } from '../../../../database/columns.js';

/** An address of its own for one payment, and what was asked for there. Amounts of the asset are decimal texts. */
@Entity('crypto_invoices')
@Unique(['paymentId'])
@Unique(['address'])
@Unique(['keyId', 'addressIndex'])
@Index(['chainId', 'watchUntil'])
export class CryptoInvoice {
  @Id()
  id: string;

  @Reference()
  paymentId: string;

  @Reference()
  userId: string;

  @Count()
  chainId: number;

  /** The network's name when the invoice was made. */
  @Text({ length: 32 })
  network: string;

  @Text({ length: 16 })
  asset: string;

  /** Lower case. */
  @Text({ length: 42 })
  address: string;

  /** Which key the address comes from, and the number of the child. */
  @Reference()
  keyId: string;

  @Count()
  addressIndex: number;

  /** What is asked for, in smallest units. */
  @Text({ length: 78 })
  quotedUnits: string;

  /** What it is worth. */
  @Amount()
  quotedMicro: number;

  /** Micro-dollars for one whole unit of the asset: holds for this invoice whatever the price does. */
  @Amount()
  priceMicro: number;

  @Count()
  decimals: number;

  /** Where the payer would like refunds; only a hint, never used to recognise a payer. */
  @Text({ nullable: true, length: 42 })
  refundWallet: string | null;

  /** Credits posted for what arrived. */
  @Amount()
  creditedMicro: number;

  /** Something arrived after the invoice had expired. */
  @Flag()
  isPaidLate: boolean;

  /** Nobody paid in time, and the payment says so. */
  @Flag()
  isExpired: boolean;

  /** The newest block when the address was given out: nothing can have arrived before. */
  @Count()
  createdBlock: number;

  /** Read the chain from this block once more, because the address was not watched for some time. */
  @Count({ nullable: true })
  rescanFrom: number | null;

  /** For coins: the last block that the balance was read at, and what was sent away until then. */
  @Count()
  coinBlock: number;

  @Count()
  coinSentCount: number;

  @Text({ length: 78 })
  coinSpentUnits: string;

  /** Goes up with every deposit found by balance, so that two watchers cannot both find it. */
  @Count()
  coinFindings: number;

  @Instant()
  expiresAt: number;

  /** The address is looked at until then. */
  @Instant()
  watchUntil: number;

  @Instant()
  createdAt: number;
}
