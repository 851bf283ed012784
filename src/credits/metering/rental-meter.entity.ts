import { Entity, Index } from 'typeorm';
import { Amount, Count, Id, Instant, Reference, Text } from '../../database/columns.js';

/**
 * authorized: credits are held, the rental does not run yet. running: it is charged tick by tick. exhausted: the
 * credits are used up and the rental has to be stopped; nothing is charged until `finish`. finished: final.
 */
export type MeterState = 'authorized' | 'running' | 'exhausted' | 'finished';

/** The meter of one rental: how far it is billed and what it has cost. */
@Entity('rental_meters')
@Index(['state', 'rentalId'])
@Index(['userId', 'state'])
export class RentalMeter {
  @Id()
  rentalId: string;

  @Reference()
  userId: string;

  /** Keeps the runway; everything the rental costs is charged from it. */
  @Reference()
  holdId: string;

  /** The key or login that made the rental, else the user. */
  @Text({ length: 255 })
  clientId: string;

  @Text({ nullable: true, length: 64 })
  ip: string | null;

  @Amount()
  pricePerHourMicro: number;

  /** The farm; `unknown` for rentals from before farms' prices were kept. */
  @Text({ length: 32 })
  provider: string;

  /** What the farm takes. */
  @Amount()
  providerPricePerHourMicro: number;

  @Count()
  gpuCount: number;

  /** Counted of the user's GPU hours; null = there was no limit when it began. */
  @Count({ nullable: true })
  quotaSeconds: number | null;

  /** Charged at least, once it ran. */
  @Count()
  minimumSeconds: number;

  @Text({ length: 16 })
  state: MeterState;

  /** Entries of the account when the meter was made. */
  @Count()
  openedSeq: number;

  /** Posted so far. */
  @Amount()
  chargedMicro: number;

  /** What the farm has taken for it, as far as it is booked. */
  @Amount()
  costMicro: number;

  @Instant({ nullable: true })
  runningAt: number | null;

  /** The instant up to which ticks have charged. */
  @Instant({ nullable: true })
  billedThrough: number | null;

  @Instant({ nullable: true })
  endedAt: number | null;

  @Instant()
  createdAt: number;
}
