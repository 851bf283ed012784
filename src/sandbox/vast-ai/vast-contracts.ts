import type { FarmAccount } from '../farm-account.js';
import type { SimulatedClock } from '../simulated-clock.js';
import type { RentOrder } from './rent-order.js';
import { isAlive, type VastContract } from './vast-contract.js';
import type { VastMarket } from './vast-market.js';
import type { VastMeter } from './vast-meter.js';
import type { VastOffer } from './vast-offer.js';
import type { VastTimeline } from './vast-timeline.js';

const FIRST_CONTRACT_ID = 31_415_926;

/** Every contract the farm ever made, and the two things that end them without being asked: term and credit. */
export class VastContracts {
  private readonly byId = new Map<number, VastContract>();
  private nextId = FIRST_CONTRACT_ID;

  constructor(
    private readonly clock: SimulatedClock,
    private readonly market: VastMarket,
    private readonly timeline: VastTimeline,
    private readonly meter: VastMeter,
    private readonly account: FarmAccount,
  ) {}

  all(): VastContract[] {
    return [...this.byId.values()];
  }

  alive(): VastContract[] {
    return this.all().filter(isAlive);
  }

  find(id: number): VastContract | undefined {
    const contract = this.byId.get(id);
    return contract && isAlive(contract) ? contract : undefined;
  }

  /** Takes the machine and boots, or leaves a stopped contract when `isStopped`. */
  create(offer: VastOffer, order: RentOrder, options: { fate?: string; isStopped: boolean }): VastContract {
    const contract = this.draft(offer, order, options.fate);
    this.byId.set(contract.id, contract);
    this.market.take(offer.machine_id);
    if (options.isStopped) this.stop(contract, null);
    else this.timeline.boot(contract);
    return contract;
  }

  /** Ends the container and keeps the disk, which goes on costing money. */
  stop(contract: VastContract, message: string | null): void {
    contract.intendedStatus = 'stopped';
    contract.curState = 'stopped';
    contract.nextState = 'stopped';
    this.timeline.halt(contract, 'exited', message);
  }

  destroy(contract: VastContract): void {
    this.timeline.halt(contract, contract.actualStatus, contract.statusMessage);
    contract.destroyedAt = this.clock.now();
    this.market.free(contract.offer.machine_id);
  }

  /** Bills everybody, then stops what has run out of term or credit. */
  settleAll(): void {
    this.alive().forEach((contract) => this.meter.settle(contract));
    const running = this.alive().filter(({ curState }) => curState === 'running');
    const expired = running.filter(({ endDate }) => endDate <= this.clock.nowSeconds());
    expired.forEach((contract) => this.stop(contract, 'rental contract expired\n'));
    if (this.account.creditMicro > 0) return;
    running
      .filter((contract) => !expired.includes(contract))
      .forEach((contract) => this.stop(contract, 'out of credit\n'));
  }

  private draft(offer: VastOffer, order: RentOrder, fate: string | undefined): VastContract {
    const now = this.clock.now();
    return {
      id: this.nextId++,
      offer,
      order,
      createdAt: now,
      label: order.label,
      gpuPerHour: order.bid ?? offer.dph_base,
      endDate: offer.end_date,
      actualStatus: null,
      intendedStatus: 'running',
      curState: 'running',
      nextState: 'running',
      statusMessage: null,
      runningSince: null,
      ports: null,
      destroyedAt: null,
      fate,
      isRelet: false,
      bill: { gpu: 0, disk: 0, upload: 0, download: 0 },
      billedUntil: now,
      billedBytesOut: 0,
      logLines: [`Pulling ${order.image}`],
      cancelNext: () => undefined,
      turn: 0,
    };
  }
}
