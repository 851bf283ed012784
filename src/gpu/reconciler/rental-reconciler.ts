import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { JobsService } from '../../jobs/jobs.service.js';
import type { GpuProvider } from '../../providers/gpu-provider.js';
import { DueEnds } from './due-ends.js';
import { FarmComparison } from './farm-comparison.js';
import { FleetActions } from './fleet-actions.js';
import { TermExtender } from './term-extender.js';

/**
 * Keeps our books and the farms' equal: one list per farm and pass, compared with the open rentals. A list that
 * fails says nothing about the fleet, so that farm's rentals are left as they are until the next pass.
 */
@Injectable()
export class RentalReconciler implements OnModuleInit {
  private readonly logger = new Logger(RentalReconciler.name);

  constructor(
    private readonly jobs: JobsService,
    private readonly dueEnds: DueEnds,
    private readonly farms: FarmComparison,
    private readonly actions: FleetActions,
    private readonly extender: TermExtender,
  ) {}

  onModuleInit(): void {
    this.jobs.register({
      name: 'gpu.reconcile',
      intervalMs: this.farms.pollIntervalMs,
      run: (signal) => this.pass(signal),
    });
  }

  private async pass(signal: AbortSignal): Promise<void> {
    await this.dueEnds.enforce();
    await Promise.all(this.farms.all().map((farm) => this.reconcile(farm, signal)));
    await this.extender.extendDue();
    await this.dueEnds.settle();
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
