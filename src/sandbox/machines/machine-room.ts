import type { SeededRandom } from '../random.js';
import { Machine } from './machine.js';
import type { MachineIdentity } from './machine-identity.js';
import { defaultKnobs, type MachineKnobs } from './machine-knobs.js';

/** A mapped port; without a machine behind it nothing listens there. */
export interface OpenPort {
  containerPort: number;
  hostPort: number;
  machine?: Machine;
}

export interface MachineRoomOptions {
  host: string;
  /** `none`: ports are only numbers, for tests of the farms' own interfaces. */
  machines: 'real' | 'none';
}

/** Told about every machine's origin, e.g. to trust an address that no real farm would name. */
export interface MachineListener {
  opened(origin: string): void;
  closed(origin: string): void;
}

/** Starts and stops the machines of the whole sandbox. */
export class MachineRoom {
  /** How machines that start from now on behave. */
  readonly defaults: MachineKnobs = defaultKnobs();
  private readonly running = new Set<Machine>();
  private readonly listeners = new Set<MachineListener>();

  constructor(
    private readonly options: MachineRoomOptions,
    private readonly random: SeededRandom,
  ) {}

  /** Hears of the machines that run already and of all that follow; the returned function ends it. */
  listen(listener: MachineListener): () => void {
    this.running.forEach(({ origin }) => listener.opened(origin));
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Listeners know the machine before anybody can learn its address. */
  async open(identity: MachineIdentity): Promise<OpenPort> {
    const { containerPort } = identity;
    if (this.options.machines === 'none')
      return { containerPort, hostPort: this.random.integer(40_000, 59_999) };
    const machine = await Machine.start(identity, { ...this.defaults }, this.options.host);
    this.running.add(machine);
    this.listeners.forEach((listener) => listener.opened(machine.origin));
    return { containerPort, hostPort: machine.port, machine };
  }

  async close(ports: readonly OpenPort[]): Promise<void> {
    const machines = ports.flatMap(({ machine }) => machine ?? []);
    machines.forEach((machine) => this.forget(machine));
    await Promise.all(machines.map((machine) => machine.refuse()));
  }

  private forget(machine: Machine): void {
    if (!this.running.delete(machine)) return;
    this.listeners.forEach((listener) => listener.closed(machine.origin));
  }

  async closeAll(): Promise<void> {
    await this.close([...this.running].map((machine) => ({ containerPort: 0, hostPort: 0, machine })));
  }
}
