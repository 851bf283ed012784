import { FarmServer } from '../farm-server.js';
import type { SimulatorParts } from '../simulator-parts.js';
import { IoNetControl } from './io-net-control.js';
import { IoNetFarm } from './io-net-farm.js';
import { IoNetManners } from './io-net-manners.js';
import { ENTERPRISE_PREFIX, ioNetRoutes } from './io-net-routes.js';

/** How often terms are looked at, in real milliseconds. */
const EXPIRY_INTERVAL_MS = 100;

/** io.net on loopback. */
export class IoNetSimulator {
  readonly control: IoNetControl;
  private readonly server: FarmServer;
  private readonly expiring: NodeJS.Timeout;
  private origin = '';

  constructor(farm: IoNetFarm, manners: IoNetManners) {
    this.server = new FarmServer(manners, farm.faults);
    ioNetRoutes(farm).forEach((route) => this.server.add(route));
    this.control = new IoNetControl(farm, this.server.calls);
    this.expiring = setInterval(() => farm.deployments.completeExpired(), EXPIRY_INTERVAL_MS);
  }

  static async start(parts: SimulatorParts): Promise<IoNetSimulator> {
    const farm = new IoNetFarm(parts.clock, parts.random, parts.room, parts.host);
    const simulator = new IoNetSimulator(farm, new IoNetManners(parts.apiKey));
    simulator.origin = await simulator.server.listen(parts.host);
    return simulator;
  }

  /** The whole prefix, ending in `/caas`. */
  get url(): string {
    return `${this.origin}${ENTERPRISE_PREFIX}`;
  }

  async close(): Promise<void> {
    clearInterval(this.expiring);
    await this.server.close();
  }
}
