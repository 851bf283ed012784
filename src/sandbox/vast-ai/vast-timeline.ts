import type { MachineRoom, OpenPort } from '../machines/machine-room.js';
import { modelOf } from '../machines/machine-identity.js';
import { hashText, type SeededRandom } from '../random.js';
import type { SimulatedClock } from '../simulated-clock.js';
import { FATE_OUTCOMES, isBootFailure } from './boot-fates.js';
import { portsOf, variablesOf } from './rent-order.js';
import { isAlive, type ActualStatus, type VastContract } from './vast-contract.js';
import type { VastMeter } from './vast-meter.js';

const SECOND = 1000;

/**
 * Moves contracts through their life: null, created, loading, running, and what comes after. Every step is
 * scheduled in simulated time and is dropped when the contract has taken another turn meanwhile.
 */
export class VastTimeline {
  constructor(
    private readonly clock: SimulatedClock,
    private readonly random: SeededRandom,
    private readonly room: MachineRoom,
    private readonly meter: VastMeter,
  ) {}

  /** From the contract to a running container, or to the failure that its fate has planned. */
  boot(contract: VastContract): void {
    this.move(contract, null, null);
    this.later(contract, this.random.between(1, 3) * SECOND, () => {
      this.move(contract, 'created', null);
      this.later(contract, this.random.between(1, 3) * SECOND, () => this.load(contract));
    });
  }

  /** A stopped contract whose image is already on the disk comes back. */
  restart(contract: VastContract, afterSeconds = this.random.between(5, 20)): void {
    this.later(contract, afterSeconds * SECOND, () => void this.run(contract));
  }

  /** `rebooting` or `recycling`, then running again on the same ports. */
  bounce(contract: VastContract, through: 'rebooting' | 'recycling'): void {
    const seconds = through === 'rebooting' ? this.random.between(5, 15) : this.random.between(20, 90);
    this.darken(contract);
    this.move(contract, through, contract.statusMessage);
    this.later(contract, seconds * SECOND, () => void this.run(contract));
  }

  /** The container is down; the machine's ports are given up. */
  halt(contract: VastContract, status: ActualStatus, message: string | null): void {
    this.darken(contract);
    this.move(contract, status, message);
    void this.room.close(contract.ports ?? []);
    contract.ports = null;
    contract.billedBytesOut = 0;
  }

  /** The state changes in place: nothing is scheduled any more. */
  move(contract: VastContract, status: ActualStatus, message: string | null): void {
    this.meter.settle(contract);
    contract.cancelNext();
    contract.turn += 1;
    contract.actualStatus = status;
    contract.statusMessage = message;
    contract.runningSince =
      status === 'running' ? (contract.runningSince ?? this.clock.now()) : contract.runningSince;
  }

  /** Nobody reaches the machines, whose ports stay mapped. */
  darken(contract: VastContract): void {
    this.meter.settle(contract);
    contract.runningSince = null;
    contract.ports?.forEach(({ machine }) => void machine?.refuse());
  }

  /** The container runs, on the ports it had or on new ones; a host that cannot give them ends it. */
  async run(contract: VastContract): Promise<void> {
    try {
      await this.runOnPorts(contract);
    } catch (error) {
      this.halt(contract, 'exited', `Error response from daemon: ${(error as Error).message}\n`);
    }
  }

  private async runOnPorts(contract: VastContract): Promise<void> {
    const { turn } = contract;
    const ports = contract.ports ?? (await this.openPorts(contract));
    await Promise.all(ports.map(({ machine }) => machine?.accept()));
    if (contract.turn !== turn || !isAlive(contract)) {
      await this.giveUp(contract, ports);
      return;
    }
    contract.ports = ports;
    contract.curState = 'running';
    contract.nextState = 'running';
    const image = contract.order.image.replace(':', '_');
    this.move(contract, 'running', `success, running ${image}/${contract.order.runtype}\n`);
    contract.logLines.push(...startLines(contract));
  }

  /** The contract took another turn while its machines came up. */
  private async giveUp(contract: VastContract, ports: OpenPort[]): Promise<void> {
    if (contract.ports !== ports) await this.room.close(ports);
    else if (contract.actualStatus !== 'running') this.darken(contract);
  }

  private load(contract: VastContract): void {
    const { fate } = contract;
    const gigabytes = imageGigabytes(contract.order.image);
    if (fate && isBootFailure(fate)) {
      const { status, message } = FATE_OUTCOMES[fate];
      this.move(contract, status, message(contract.order.image, gigabytes));
      return;
    }
    const total = gigabytes.toFixed(2);
    this.move(
      contract,
      'loading',
      `5b1f4e0b2c3d: Pulling fs layer\n9aee425378d2: Downloading 0.31GB/${total}GB\n`,
    );
    this.meter.chargeDownload(contract, gigabytes);
    this.later(
      contract,
      pullSeconds(gigabytes, contract.offer.inet_down) * SECOND,
      () => void this.run(contract),
    );
  }

  private later(contract: VastContract, simulatedMs: number, step: () => void): void {
    contract.cancelNext();
    contract.cancelNext = this.clock.schedule(simulatedMs, () => {
      if (isAlive(contract)) step();
    });
  }

  /** A host without enough direct ports maps none. */
  private async openPorts(contract: VastContract): Promise<OpenPort[]> {
    const { offer, order, fate } = contract;
    const requests = portsOf(order);
    if (fate === 'no_ports' || requests.length > offer.direct_port_count) return [];
    const model = modelOf(variablesOf(order), [...order.args, order.onstart ?? ''].join(' '));
    const identity = {
      gpuName: offer.gpu_name,
      gpuCount: offer.num_gpus,
      machineId: String(offer.machine_id),
      model,
    };
    return Promise.all(
      requests.map(({ containerPort, protocol }) =>
        protocol === 'tcp' && containerPort !== 22
          ? this.room.open({ ...identity, containerPort })
          : { containerPort, hostPort: this.random.integer(40_000, 59_999) },
      ),
    );
  }
}

/** The same image is always as big: 3 to 9 GB. */
function imageGigabytes(image: string): number {
  return 3 + (hashText(image) % 600) / 100;
}

/** 20 s to 5 min on a usual line (in Mb/s); hours where the line is slow. */
function pullSeconds(gigabytes: number, megabitsPerSecond: number): number {
  const seconds = 15 + (gigabytes * 8000) / megabitsPerSecond;
  return megabitsPerSecond < 100 ? seconds * 4 : Math.min(Math.max(seconds, 20), 300);
}

function startLines({ order, offer }: VastContract): string[] {
  return [
    `Successfully pulled ${order.image}`,
    `INFO detected ${offer.num_gpus} x ${offer.gpu_name}, driver ${String(offer.driver_version)}`,
    'INFO Loading weights took 4.20 seconds',
    'INFO Application startup complete.',
  ];
}
