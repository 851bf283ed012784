import { microFromDollars } from '../../common/money.js';
import type { FarmAccount } from '../farm-account.js';
import type { SeededRandom } from '../random.js';
import type { SimulatedClock } from '../simulated-clock.js';
import type { DeployOrder } from './deploy-order.js';
import type { HardwareCatalogue, IoNetHardware, Placement } from './hardware-catalogue.js';
import {
  endsAt,
  isActive,
  refundMicro,
  type DeploymentStatus,
  type IoNetDeployment,
} from './io-net-deployment.js';
import type { IoNetLifecycle } from './io-net-lifecycle.js';
import { priceOf } from './io-net-price.js';
import { noCredits } from './io-net.errors.js';

/** Every deployment the farm ever made, its money, and the end of its term. */
export class IoNetDeployments {
  private readonly byId = new Map<string, IoNetDeployment>();

  constructor(
    private readonly clock: SimulatedClock,
    private readonly random: SeededRandom,
    private readonly catalogue: HardwareCatalogue,
    private readonly lifecycle: IoNetLifecycle,
    private readonly account: FarmAccount,
  ) {}

  /** Newest first. */
  all(): IoNetDeployment[] {
    return [...this.byId.values()].toReversed();
  }

  find(id: string): IoNetDeployment | undefined {
    return this.byId.get(id);
  }

  isNameTaken(name: string): boolean {
    return this.all().some(({ order }) => order.name === name);
  }

  /** Paid at once. @throws FarmRefusal 402 */
  create(order: DeployOrder, hardware: IoNetHardware, placement: Placement, fate?: string): IoNetDeployment {
    const deployment = this.draft(order, hardware, placement, fate);
    this.pay(deployment, order.hours);
    this.byId.set(deployment.id, deployment);
    this.lifecycle.begin(deployment);
    return deployment;
  }

  extend(deployment: IoNetDeployment, hours: number): void {
    this.pay(deployment, hours);
    deployment.hours += hours;
  }

  reconfigure(deployment: IoNetDeployment, order: DeployOrder): void {
    deployment.order = order;
    void this.lifecycle.restart(deployment);
  }

  terminate(deployment: IoNetDeployment): void {
    if (deployment.status === 'termination requested' || !isActive(deployment)) return;
    this.lifecycle.terminate(deployment, () => this.end(deployment, 'destroyed'));
  }

  /** Ends what has served its hours. */
  completeExpired(): void {
    const now = this.clock.now();
    this.all()
      .filter((deployment) => deployment.status === 'running' && (endsAt(deployment) ?? Infinity) <= now)
      .forEach((deployment) => this.end(deployment, 'completed'));
  }

  end(deployment: IoNetDeployment, status: DeploymentStatus): void {
    const now = this.clock.now();
    deployment.status = status;
    deployment.finishedAt = Math.min(now, endsAt(deployment) ?? now);
    deployment.refundedMicro = status === 'completed' ? 0 : refundMicro(deployment, now);
    this.account.refund(deployment.refundedMicro);
    this.catalogue.release(deployment.placement);
    void this.lifecycle.closeWorkers(deployment);
  }

  private pay(deployment: IoNetDeployment, hours: number): void {
    const { hardware, order } = deployment;
    const { gpusPerContainer, replicas } = order;
    const costMicro = microFromDollars(
      priceOf(this.catalogue, { hardware, hours, gpusPerContainer, replicas }).total,
    );
    if (!this.account.canPay(costMicro)) throw noCredits();
    this.account.spend(costMicro);
    deployment.paidMicro += costMicro;
  }

  private draft(
    order: DeployOrder,
    hardware: IoNetHardware,
    placement: Placement,
    fate: string | undefined,
  ): IoNetDeployment {
    const deployment: IoNetDeployment = {
      id: this.random.uuid(),
      hardware,
      placement,
      createdAt: this.clock.now(),
      order,
      status: 'deployment requested',
      startedAt: null,
      finishedAt: null,
      hours: order.hours,
      paidMicro: 0,
      refundedMicro: 0,
      workers: [],
      fate,
      onFailed: () => this.end(deployment, 'failed'),
      cancelNext: () => undefined,
      turn: 0,
    };
    return deployment;
  }
}
