import { Entity, Index } from 'typeorm';
import { Amount, Count, Id, Instant, Json, Reference, Text } from '../../database/columns.js';
import type { OfferFilters, ProviderName } from '../../providers/gpu-provider.js';
import type { GangError } from './gang-order.js';
import type { ReservationMode } from './dto/reserve.dto.js';

/** `pending` until all members run; see api.md "Reserve and batch". */
export type ReservationState = 'pending' | 'completed' | 'failed';

/** The pool of a reservation that named none. */
export const autoPoolName = (reservationId: string): string => `r-${reservationId.slice(0, 8)}`;

/** One request for several instances. */
@Entity('reservations')
@Index(['userId', 'createdAt'])
@Index(['state'])
export class Reservation {
  @Id()
  id: string;

  @Reference()
  userId: string;

  /** The pool that its members join. */
  @Text({ length: 64 })
  pool: string;

  @Text({ length: 16 })
  mode: ReservationMode;

  /** Instances wanted. */
  @Count()
  requested: number;

  @Text({ length: 16 })
  state: ReservationState;

  @Text({ nullable: true, length: 64 })
  reason: string | null;

  @Json()
  filters: OfferFilters;

  @Json({ nullable: true })
  providers: ProviderName[] | null;

  @Amount({ nullable: true })
  maxTotalPriceMicro: number | null;

  @Count({ nullable: true })
  timeLimitMs: number | null;

  /** RentalConfig and Origin, sealed: what replacements are made with. */
  @Text()
  configSealed: string;

  @Json()
  errors: GangError[];

  /** Members that may still be replaced before they run. */
  @Count()
  replacementsLeft: number;

  @Instant()
  createdAt: number;

  /** When its contracts existed; null = being rented, or a replacement is. */
  @Instant({ nullable: true })
  rentedAt: number | null;

  /** Until when it is being rented. */
  @Instant()
  deadlineAt: number;
}
