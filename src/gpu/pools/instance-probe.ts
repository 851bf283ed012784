import { Injectable, Logger } from '@nestjs/common';
import { ProbeClient } from '../../egress/probe.client.js';
import { RentalRepository } from '../rentals/rental.repository.js';
import { RentalTransitions } from '../rentals/rental-transitions.service.js';
import { originOf, type RoutableInstance } from './instance.directory.js';
import { probePlan, type ProbeStep } from './probe-plan.js';

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
    const plan = probePlan(instance.health);
    const isStillPlanned = first !== undefined && plan.some(({ path }) => path === first.path);
    for (const step of isStillPlanned ? [first, ...plan] : plan) {
      if (await this.isHealthy(origin, step)) return step;
    }
    return undefined;
  }

  async record({ rentalId }: RoutableInstance, isServing: boolean): Promise<void> {
    const rental = await this.rentals.findById(rentalId);
    if (rental?.state === 'running') await this.transitions.setServing(rental, isServing);
  }

  private async isHealthy(origin: string, { path, isHealthy }: ProbeStep): Promise<boolean> {
    try {
      const { status } = await this.client.get(new URL(path, origin).href, { timeoutMs: PROBE_TIMEOUT_MS });
      return isHealthy(status);
    } catch (error) {
      this.logger.debug({ msg: 'probe failed', origin, path, err: error });
      return false;
    }
  }
}
