import { modelOf } from '../machines/machine-identity.js';
import type { MachineRoom, OpenPort } from '../machines/machine-room.js';
import type { SeededRandom } from '../random.js';
import type { SimulatedClock } from '../simulated-clock.js';
import { isActive, type IoNetDeployment, type IoNetWorker } from './io-net-deployment.js';

const SECOND = 1000;

/** Moves deployments: requested, workers pulling, running, a public URL a little later, and the end. */
export class IoNetLifecycle {
  constructor(
    private readonly clock: SimulatedClock,
    private readonly random: SeededRandom,
    private readonly room: MachineRoom,
  ) {}

  begin(deployment: IoNetDeployment): void {
    if (deployment.fate === 'stuck_requested') return;
    this.later(deployment, this.random.between(5, 15), () => this.pull(deployment));
  }

  /** A changed configuration: the containers start over, the term runs on. */
  async restart(deployment: IoNetDeployment): Promise<void> {
    await this.closeWorkers(deployment);
    this.later(deployment, this.random.between(2, 5), () => this.pull(deployment));
  }

  /** Acknowledged now, done some seconds later; `finish` settles the money. */
  terminate(deployment: IoNetDeployment, finish: () => void): void {
    deployment.status = 'termination requested';
    void this.darken(deployment);
    this.later(deployment, this.random.between(5, 20), finish);
  }

  /** Takes the containers away. */
  async closeWorkers(deployment: IoNetDeployment): Promise<void> {
    deployment.cancelNext();
    deployment.turn += 1;
    const ports = deployment.workers.flatMap(({ port }) => port ?? []);
    deployment.workers = [];
    await this.room.close(ports);
  }

  async darken(deployment: IoNetDeployment): Promise<void> {
    await Promise.all(deployment.workers.map(({ port }) => port?.machine?.refuse()));
  }

  /** One worker per replica appears and pulls the image. */
  private pull(deployment: IoNetDeployment): void {
    deployment.workers = Array.from({ length: deployment.order.replicas }, () => this.newWorker(deployment));
    if (deployment.fate === 'container_failed') {
      this.later(deployment, this.random.between(60, 120), () =>
        this.failContainers(deployment, 'Failed to pull image: manifest unknown'),
      );
      return;
    }
    this.later(deployment, this.random.between(60, 240), () => void this.start(deployment));
  }

  private failContainers(deployment: IoNetDeployment, reason: string): void {
    for (const worker of deployment.workers) {
      worker.status = 'failed';
      this.note(worker, reason);
    }
    this.later(deployment, this.random.between(600, 1200), () => deployment.onFailed());
  }

  private async start(deployment: IoNetDeployment): Promise<void> {
    const { turn, workers } = deployment;
    const ports = await this.openPorts(deployment);
    if (!ports) return;
    if (deployment.turn !== turn || !isActive(deployment)) {
      await this.room.close(ports);
      return;
    }
    deployment.status = 'running';
    deployment.startedAt ??= this.clock.now();
    workers.forEach((worker, index) => this.workerStarted(worker, ports[index]));
    if (deployment.fate === 'never_public_url') return;
    this.later(deployment, this.random.between(5, 20), () => {
      workers.forEach((worker) => (worker.hasPublicUrl = true));
    });
  }

  private workerStarted(worker: IoNetWorker, port: OpenPort): void {
    worker.port = port;
    worker.status = 'running';
    this.note(worker, 'Task started by client');
    worker.logLines.push(
      'INFO Loading weights took 4.20 seconds',
      `INFO Uvicorn running on http://0.0.0.0:${port.containerPort}`,
    );
  }

  /** Undefined when the device cannot give a port: its containers have failed. */
  private async openPorts(deployment: IoNetDeployment): Promise<OpenPort[] | undefined> {
    try {
      return await Promise.all(deployment.workers.map((worker) => this.openPort(deployment, worker)));
    } catch (error) {
      this.failContainers(deployment, `Failed to start: ${(error as Error).message}`);
      return undefined;
    }
  }

  private openPort({ order, hardware }: IoNetDeployment, worker: IoNetWorker): Promise<OpenPort> {
    const command = [...(order.entrypoint ?? []), ...order.args].join(' ');
    return this.room.open({
      gpuName: hardware.hardware_name,
      gpuCount: order.gpusPerContainer,
      machineId: worker.deviceId,
      containerPort: order.trafficPort,
      model: modelOf({ ...order.env, ...order.secretEnv }, command),
    });
  }

  private newWorker({ order }: IoNetDeployment): IoNetWorker {
    const worker: IoNetWorker = {
      deviceId: this.random.uuid(),
      containerId: `c-${this.random.hex(20)}`,
      createdAt: this.clock.now(),
      status: 'pending',
      events: [],
      port: null,
      hasPublicUrl: false,
      logLines: [`INFO pulling ${order.imageUrl}`],
    };
    this.note(worker, 'Task received by client');
    this.note(worker, 'Downloading image');
    return worker;
  }

  private note(worker: IoNetWorker, message: string): void {
    worker.events.push({ at: this.clock.now(), message });
  }

  private later(deployment: IoNetDeployment, simulatedSeconds: number, step: () => void): void {
    deployment.cancelNext();
    deployment.turn += 1;
    deployment.cancelNext = this.clock.schedule(simulatedSeconds * SECOND, () => {
      if (isActive(deployment)) step();
    });
  }
}
