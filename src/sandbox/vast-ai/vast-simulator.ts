import { FarmServer } from '../farm-server.js';
import type { SimulatorParts } from '../simulator-parts.js';
import { VastControl } from './vast-control.js';
import { VastFarm } from './vast-farm.js';
import { VastLogs } from './vast-logs.js';
import { VastManners } from './vast-manners.js';
import { VastPacing } from './vast-pacing.js';
import { vastRoutes } from './vast-routes.js';

/** How often terms and credit are looked at, in real milliseconds. */
const SETTLE_INTERVAL_MS = 100;

/** vast.ai on loopback. */
export class VastSimulator {
  readonly control: VastControl;
  private readonly server: FarmServer;
  private readonly settling: NodeJS.Timeout;
  private origin = '';

  constructor(farm: VastFarm, manners: VastManners) {
    this.server = new FarmServer(manners, farm.faults);
    const logs = new VastLogs(farm, () => this.origin);
    vastRoutes(farm, logs).forEach((route) => this.server.add(route));
    this.control = new VastControl(farm, this.server.calls);
    this.settling = setInterval(() => farm.contracts.settleAll(), SETTLE_INTERVAL_MS);
  }

  static async start(parts: SimulatorParts): Promise<VastSimulator> {
    const farm = new VastFarm(parts.clock, parts.random, parts.room, parts.host);
    const simulator = new VastSimulator(farm, new VastManners(parts.apiKey, new VastPacing(parts.rateScale)));
    simulator.origin = await simulator.server.listen(parts.host);
    return simulator;
  }

  get url(): string {
    return this.origin;
  }

  async close(): Promise<void> {
    clearInterval(this.settling);
    await this.server.close();
  }
}
