import { Entity, Index } from 'typeorm';
import { Amount, Count, Flag, Id, Instant, Json, Real, Reference, Text } from '../../database/columns.js';
import type { ProviderName } from '../../providers/gpu-provider.js';
import type { RentalState } from './rental-state.js';

/** Farms explain themselves at length; what is longer is cut. */
export const REASON_LENGTH = 64;

/** Not read along with the row: it holds an environment that may be large, and nothing that lists rentals needs it. */

/** One contract with a farm, owned by one user; the row is committed before the farm hears of it. */
@Entity('rentals')
@Index(['userId', 'createdAt'])
@Index(['state'])
@Index(['reservationId'])
@Index(['provider', 'contractGoneAt'])
export class Rental {
  @Id()
  id: string;

  @Reference()
  userId: string;

  @Reference({ nullable: true })
  reservationId: string | null;

  @Text({ length: 16 })
  provider: ProviderName;

  /** The farm's offer id, without our prefix. */
  @Text({ length: 128 })
  offerId: string;

  @Text({ nullable: true, length: 128 })
  machineId: string | null;

  /** Our unique mark on the contract, the only handle when the answer to a rent is lost. */
  @Text({ length: 128, unique: true })
  label: string;

  @Text({ nullable: true, length: 128 })
  contractId: string | null;

  @Text({ nullable: true, length: 160, unique: true })
  instanceId: string | null;

  @Text({ length: 16 })
  state: RentalState;

  @Text({ nullable: true, length: REASON_LENGTH })
  reason: string | null;

  @Instant()
  since: number;

  /** Its service answers; only then is it balanced. */
  @Flag()
  isServing: boolean;

  /** When the farm confirmed that nothing of the contract is left; null = we still have to look after it. */
  @Instant({ nullable: true })
  contractGoneAt: number | null;

  /** When the last charge was posted and the hold was freed. */
  @Instant({ nullable: true })
  settledAt: number | null;

  @Text({ length: 128 })
  gpuModel: string;

  @Count()
  gpuCount: number;

  /** Nominal GB per GPU. */
  @Real()
  vramGb: number;

  @Text({ nullable: true, length: 128 })
  location: string | null;

  /** What the owner pays per hour. */
  @Amount()
  priceMicro: number;

  /** What the farm takes per hour. */
  @Amount()
  providerPriceMicro: number;

  /** Hours that are charged at least once it ran. */
  @Count()
  minimumHours: number;

  /** Container port (0 = the farm's only URL) -> origin. */
  @Json()
  origins: Record<string, string>;

  @Text({ nullable: true, length: 512 })
  healthPath: string | null;

  @Count({ nullable: true })
  healthPort: number | null;

  /** False when the owner asked for no ports: such a rental never serves. */
  @Flag()
  hasService: boolean;

  @Count({ nullable: true })
  timeLimitMs: number | null;

  /** Hours after which the owner wants it to end. */
  @Count({ nullable: true })
  durationHours: number | null;

  /** When the farm ends the contract by itself. */
  @Instant({ nullable: true })
  endsAt: number | null;

  @Instant()
  createdAt: number;

  @Instant({ nullable: true })
  contractAt: number | null;

  @Instant({ nullable: true })
  runningAt: number | null;

  /** When its service answered for the first time. */
  @Instant({ nullable: true })
  servedAt: number | null;

  @Instant({ nullable: true })
  endedAt: number | null;
}

/** When we end the rental ourselves: the time limit or the wanted duration, from `running`. */
export function expiresAt(
  rental: Pick<Rental, 'runningAt' | 'timeLimitMs' | 'durationHours' | 'endsAt'>,
): number | null {
  const { runningAt, timeLimitMs, durationHours, endsAt } = rental;
  const ends = [endsAt];
  if (runningAt !== null && timeLimitMs !== null) ends.push(runningAt + timeLimitMs);
  if (runningAt !== null && durationHours !== null) ends.push(runningAt + durationHours * 3_600_000);
  const known = ends.filter((end) => end !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
