import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { JobsService } from '../../jobs/jobs.service.js';
import type { GpuProvider } from '../../providers/gpu-provider.js';
import { FarmComparison } from './farm-comparison.js';
import { FleetActions } from './fleet-actions.js';

/**
 * Keeps our books and the farms' equal: one list per farm and pass, compared with the open rentals. A list that
 * fails says nothing about the fleet, so that farm's rentals are left as they are until the next pass. Every farm has
 * a job of its own: a slow one never holds up the others.
 */
@Injectable()
export class RentalReconciler implements OnModuleInit {
  private readonly logger = new Logger(RentalReconciler.name);

  constructor(
    private readonly jobs: JobsService,
    private readonly farms: FarmComparison,
    private readonly actions: FleetActions,
  ) {}

  onModuleInit(): void {
    for (const farm of this.farms.all()) {
      this.jobs.register({
        name: `gpu.reconcile.${farm.name}`,
        intervalMs: this.farms.pollIntervalMs,
        run: (signal) => this.reconcile(farm, signal),
      });
    }
  }

  private async reconcile(farm: GpuProvider, signal: AbortSignal): Promise<void> {
    try {
      const actions = await this.farms.compare(farm, signal);
      await Promise.all(actions.map((action) => this.actions.carryOut(farm, action)));
    } catch (error) {
      if (!signal.aborted) this.logger.warn({ msg: 'farm not reconciled', provider: farm.name, err: error });
    }
  }
}
