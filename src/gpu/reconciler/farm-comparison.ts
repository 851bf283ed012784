import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import type { GpuProvider } from '../../providers/gpu-provider.js';
import { ProvidersService } from '../../providers/providers.service.js';
import { Installation } from '../installation.service.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { compareFleet, type FleetAction } from './fleet-comparison.js';

/** A new contract may take this long to show in its farm's list. */
const VISIBILITY_MS = 30_000;
const LOST_RENT_MS = 10 * 60_000;
/** Beyond the deadline of a reservation: answers that are still on their way, lookups by label. */
const RENT_SLACK_MS = 120_000;

/** Reads both sides of a comparison in the right order. */
@Injectable()
export class FarmComparison {
  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly providers: ProvidersService,
    private readonly installation: Installation,
    private readonly rentals: RentalRepository,
  ) {}

  get pollIntervalMs(): number {
    return this.config.gpu.pollIntervalMs;
  }

  all(): readonly GpuProvider[] {
    return this.providers.configured();
  }

  /** Farms whose contracts are paid ahead and end by themselves. */
  prepaid(): readonly GpuProvider[] {
    return this.all().filter(({ isPrepaid }) => isPrepaid);
  }

  /**
   * Our rentals are read before the farm's list: a contract made in between is then an unclaimed contract, which is
   * looked up again before anybody acts on it, and never a missing one.
   * @throws when the list cannot be had whole
   */
  async compare(farm: GpuProvider, signal: AbortSignal): Promise<FleetAction[]> {
    const rentals = await this.rentals.openAt(farm.name);
    const contracts = await farm.listContracts(this.installation.labelPrefix, { signal });
    return compareFleet(rentals, contracts, {
      now: this.clock.now(),
      visibilityMs: VISIBILITY_MS,
      lostRentMs: LOST_RENT_MS,
      rentWindowMs: this.config.gpu.reserveTimeoutMs + RENT_SLACK_MS,
    });
  }
}
