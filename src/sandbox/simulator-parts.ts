import type { MachineRoom } from './machines/machine-room.js';
import type { SeededRandom } from './random.js';
import type { SimulatedClock } from './simulated-clock.js';

/** What both farms are built from. */
export interface SimulatorParts {
  clock: SimulatedClock;
  random: SeededRandom;
  room: MachineRoom;
  host: string;
  apiKey: string;
  /** Multiplies the farm's minimum intervals; 0 = none. */
  rateScale: number;
}
