import { Entity, Index, Unique } from 'typeorm';
import { Amount, Id, Instant, Reference, Text } from '../../database/columns.js';
import type { ProviderName } from '../../providers/gpu-provider.js';

/** What a farm says that a contract has cost, which has ended. Until then the books go by the price of its offer. */
@Entity('farm_bills')
@Unique(['provider', 'contractId'])
@Index(['finalAt', 'askedAt'])
export class FarmBill {
  @Id()
  id: string;

  @Text({ length: 16 })
  provider: ProviderName;

  @Text({ length: 128 })
  contractId: string;

  /** Null for a contract that no rental has claimed. */
  @Reference({ nullable: true })
  rentalId: string | null;

  /** What the farm takes per hour; 0 when nobody knows. */
  @Amount()
  pricePerHourMicro: number;

  @Instant()
  startedAt: number;

  @Instant()
  endedAt: number;

  /** Booked, in millionths of a dollar; null = the farm has not told. */
  @Amount({ nullable: true })
  amountMicro: number | null;

  @Instant({ nullable: true })
  askedAt: number | null;

  /** The farm is not asked any more. */
  @Instant({ nullable: true })
  finalAt: number | null;
}
