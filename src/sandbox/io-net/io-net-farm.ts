import { FarmAccount } from '../farm-account.js';
import { FaultQueue } from '../faults.js';
import type { MachineRoom } from '../machines/machine-room.js';
import type { SeededRandom } from '../random.js';
import type { SimulatedClock } from '../simulated-clock.js';
import { HardwareCatalogue } from './hardware-catalogue.js';
import { IoNetDeployments } from './io-net-deployments.js';
import type { IoNetFaults } from './io-net-faults.js';
import { IoNetLifecycle } from './io-net-lifecycle.js';

const INITIAL_CREDIT_MICRO = 10_000_000_000;

/** The parts of one simulated io.net, put together; routes and control work on it. */
export class IoNetFarm {
  readonly account = new FarmAccount(INITIAL_CREDIT_MICRO);
  readonly faults = new FaultQueue<IoNetFaults>();
  readonly catalogue = new HardwareCatalogue();
  readonly lifecycle: IoNetLifecycle;
  readonly deployments: IoNetDeployments;
  /** Deployment and container states are written in capitals, as some answers have them. */
  isShouting = false;

  constructor(
    readonly clock: SimulatedClock,
    readonly random: SeededRandom,
    room: MachineRoom,
    readonly host: string,
  ) {
    this.lifecycle = new IoNetLifecycle(clock, random, room);
    this.deployments = new IoNetDeployments(clock, random, this.catalogue, this.lifecycle, this.account);
  }
}
