import type { IoNetControl } from './io-net/io-net-control.js';
import { IoNetSimulator } from './io-net/io-net-simulator.js';
import type { MachineKnobs } from './machines/machine-knobs.js';
import { MachineRoom, type MachineListener } from './machines/machine-room.js';
import { SeededRandom } from './random.js';
import { SimulatedClock } from './simulated-clock.js';
import type { VastControl } from './vast-ai/vast-control.js';
import { VastSimulator } from './vast-ai/vast-simulator.js';

export interface SandboxOptions {
  /** How many times faster than in reality the farms work: boots, image pulls, terminations. */
  timeScale: number;
  /**
   * How many times faster their calendar runs: timestamps, contract terms, metering. Default 1: a rented hour is
   * a real hour, and the farms' instants agree with everybody else's clock.
   */
  calendarScale?: number;
  /** The same seed gives the same boot times, ports and error variants. Default 1. */
  seed?: number;
  host?: '127.0.0.1';
  /** Multiplies vast.ai's minimum intervals; 0 = none. Default 1. */
  rateScale?: number;
  /** `none`: containers have ports and nothing listens there. Default `real`. */
  machines?: 'real' | 'none';
  apiKeys?: { vastAi: string; ioNet: string };
}

/** Two GPU farms on loopback that speak the real wire protocols, with real inference servers as machines. */
export interface Sandbox {
  /** `url` is the origin. */
  vastAi: { url: string; apiKey: string; control: VastControl };
  /** `url` is the whole prefix, ending in `/caas`. */
  ioNet: { url: string; apiKey: string; control: IoNetControl };
  /** The farms' time; `skip` moves their calendar. */
  clock: SimulatedClock;
  /** How machines that start from now on behave; a running one has its own knobs. */
  machineDefaults: MachineKnobs;
  /** Hears of every machine's origin when it opens and closes, those that run already included. */
  onMachine(listener: MachineListener): () => void;
  /** Ends both farms and every machine, with open connections destroyed. */
  close(): Promise<void>;
}

const DEFAULT_KEYS = { vastAi: 'sandbox-vast-ai-key', ioNet: 'sandbox-io-net-key' };

/** Starts both farms on free loopback ports. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { timeScale, calendarScale = 1, seed = 1, host = '127.0.0.1', rateScale = 1 } = options;
  const clock = new SimulatedClock({ timeScale, calendarScale });
  const room = new MachineRoom({ host, machines: options.machines ?? 'real' }, new SeededRandom(seed + 2));
  const keys = options.apiKeys ?? DEFAULT_KEYS;
  const shared = { clock, room, host, rateScale };
  const vastAi = await VastSimulator.start({
    ...shared,
    random: new SeededRandom(seed),
    apiKey: keys.vastAi,
  });
  const ioNet = await IoNetSimulator.start({
    ...shared,
    random: new SeededRandom(seed + 1),
    apiKey: keys.ioNet,
  });
  return {
    vastAi: { url: vastAi.url, apiKey: keys.vastAi, control: vastAi.control },
    ioNet: { url: ioNet.url, apiKey: keys.ioNet, control: ioNet.control },
    clock,
    machineDefaults: room.defaults,
    onMachine: (listener) => room.listen(listener),
    close: async () => {
      clock.stop();
      await Promise.all([vastAi.close(), ioNet.close(), room.closeAll()]);
    },
  };
}
