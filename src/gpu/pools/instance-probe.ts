import { Injectable, Logger } from '@nestjs/common';
import { ProbeClient } from '../../egress/probe.client.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import { originOf, type RoutableInstance } from './instance.directory.js';
import { probePlan, type ProbeStep, type ProbeVerdict } from './probe-plan.js';

const PROBE_TIMEOUT_MS = 5000;

/** Asks one instance and writes down the verdict. */
@Injectable()
export class InstanceProbe {
  private readonly logger = new Logger(InstanceProbe.name);

  constructor(
    private readonly client: ProbeClient,
    private readonly rentals: RentalRepository,
    private readonly transitions: RentalTransitions,
  ) {}

  /** The step that answered well, or undefined when none did. */
  async ask(instance: RoutableInstance, first?: ProbeStep): Promise<ProbeStep | undefined> {
    const origin = originOf(instance, instance.health.port);
    if (origin === undefined) return undefined;
    for (const step of beginningWith(first, probePlan(instance.health))) {
      const verdict = await this.verdictOf(origin, step);
      if (verdict !== 'unclear') return verdict === 'healthy' ? step : undefined;
    }
    return undefined;
  }

  async record({ rentalId }: RoutableInstance, isServing: boolean): Promise<void> {
    const rental = await this.rentals.findById(rentalId);
    if (rental?.state === 'running') await this.transitions.setServing(rental, isServing);
  }

  /** A host that does not answer one path within its time will not answer the others. */
  private async verdictOf(origin: string, { path, judge }: ProbeStep): Promise<ProbeVerdict> {
    try {
      const { status } = await this.client.get(new URL(path, origin).href, { timeoutMs: PROBE_TIMEOUT_MS });
      return judge(status);
    } catch (error) {
      this.logger.debug({ msg: 'probe failed', origin, path, err: error });
      return 'unhealthy';
    }
  }
}

/** What worked last is asked first, as long as it belongs to the plan. */
function beginningWith(first: ProbeStep | undefined, plan: readonly ProbeStep[]): readonly ProbeStep[] {
  const isPlanned = first !== undefined && plan.some(({ path }) => path === first.path);
  return isPlanned ? [first, ...plan.filter(({ path }) => path !== first.path)] : plan;
}
