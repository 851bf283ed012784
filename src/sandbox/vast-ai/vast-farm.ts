import { FarmAccount } from '../farm-account.js';
import { FaultQueue } from '../faults.js';
import { MachineRoom } from '../machines/machine-room.js';
import type { SeededRandom } from '../random.js';
import type { SimulatedClock } from '../simulated-clock.js';
import { PriceIncreases } from './price-increases.js';
import { VastContracts } from './vast-contracts.js';
import type { VastFaults } from './vast-faults.js';
import { VastMarket } from './vast-market.js';
import { VastMeter } from './vast-meter.js';
import { VastTimeline } from './vast-timeline.js';

/** 10,000 dollars: a sandbox should not run dry unless a test wants it to. */
const INITIAL_CREDIT_MICRO = 10_000_000_000;

/** The parts of one simulated vast.ai, put together; routes and control work on it. */
export class VastFarm {
  readonly account = new FarmAccount(INITIAL_CREDIT_MICRO);
  readonly faults = new FaultQueue<VastFaults>();
  readonly market: VastMarket;
  readonly meter: VastMeter;
  readonly timeline: VastTimeline;
  readonly contracts: VastContracts;
  readonly priceIncreases: PriceIncreases;

  constructor(
    readonly clock: SimulatedClock,
    readonly random: SeededRandom,
    room: MachineRoom,
    readonly host: string,
  ) {
    this.market = new VastMarket(clock);
    this.meter = new VastMeter(clock, this.account);
    this.timeline = new VastTimeline(clock, random, room, this.meter);
    this.contracts = new VastContracts(clock, this.market, this.timeline, this.meter, this.account);
    this.priceIncreases = new PriceIncreases(clock, this.contracts);
  }
}
