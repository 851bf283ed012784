import { microFromCredits } from '../../common/money.js';
import type { BookedContract, FarmBooks } from '../books.js';
import type { RecordedCall } from '../farm-call.js';
import type { FaultRule } from '../faults.js';
import type { Machine } from '../machines/machine.js';
import type { IoNetFarm } from './io-net-farm.js';
import type { IoNetFaults } from './io-net-faults.js';
import { isActive, type IoNetDeployment } from './io-net-deployment.js';

/** The hand behind the simulated io.net: what a test or an operator can make happen. Ids are deployment ids. */
export class IoNetControl {
  constructor(
    private readonly farm: IoNetFarm,
    private readonly recorded: readonly RecordedCall[],
  ) {}

  /** Plans a fault for the next matching calls, e.g. `inject('deploy', 'html_504_after')`. */
  inject<Call extends keyof IoNetFaults>(call: Call, effect: IoNetFaults[Call], rule: FaultRule = {}): void {
    this.farm.faults.inject(call, effect, rule);
  }

  /** None: every call that was to go wrong has come in. */
  faultsLeft(): number {
    return this.farm.faults.left;
  }

  clearFaults(): void {
    this.farm.faults.clear();
  }

  /** Every call since the start, in order of its answer. */
  calls(): readonly RecordedCall[] {
    return this.recorded;
  }

  books(): FarmBooks {
    this.farm.deployments.completeExpired();
    const deployments = this.farm.deployments.all().toReversed();
    return {
      active: deployments.filter(isActive).map(bookOf),
      ended: deployments.filter((deployment) => !isActive(deployment)).map(bookOf),
      totalBilledMicro: deployments.reduce((sum, deployment) => sum + billedMicro(deployment), 0),
      creditMicro: this.farm.account.creditMicro,
    };
  }

  setCredit(dollars: number): void {
    this.farm.account.creditMicro = microFromCredits(dollars);
  }

  /** From now on states are written in capitals. */
  shout(isShouting = true): void {
    this.farm.isShouting = isShouting;
  }

  /** The deployment's term is over now. */
  endDeployment(id: string): void {
    this.farm.deployments.end(this.find(id), 'completed');
  }

  /** The farm gives up on it: `failed`, its containers gone. */
  failDeployment(id: string): void {
    this.farm.deployments.end(this.find(id), 'failed');
  }

  /** The container runs on and loses its address. */
  losePublicUrl(id: string): void {
    this.find(id).workers.forEach((worker) => (worker.hasPublicUrl = false));
  }

  /** GPUs free at a place; sets how many are left. */
  setFreeGpus(hardwareId: number, locationId: number, gpus: number): void {
    const hardware = this.farm.catalogue.find(hardwareId);
    if (!hardware) throw new RangeError(`io.net has no hardware ${hardwareId}`);
    hardware.gpus_by_location[locationId] = gpus;
  }

  /** The machine behind a replica; undefined until it runs. */
  machine(id: string, replica = 0): Machine | undefined {
    return this.farm.deployments.find(id)?.workers[replica]?.port?.machine;
  }

  private find(id: string): IoNetDeployment {
    const deployment = this.farm.deployments.find(id);
    if (!deployment) throw new RangeError(`io.net has no deployment ${id}`);
    return deployment;
  }
}

const billedMicro = ({ paidMicro, refundedMicro }: IoNetDeployment): number => paidMicro - refundedMicro;

/** Without a container yet the deployment itself stands for the machine, so that the id is never shared. */
function bookOf(deployment: IoNetDeployment): BookedContract {
  return {
    id: deployment.id,
    label: deployment.order.name,
    machineId: deployment.workers[0]?.deviceId ?? deployment.id,
    offerId: String(deployment.hardware.hardware_id),
    state: deployment.status,
    startedAt: deployment.createdAt,
    endedAt: deployment.finishedAt,
    billedMicro: billedMicro(deployment),
  };
}
