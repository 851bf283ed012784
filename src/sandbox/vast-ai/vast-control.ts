import { setTimeout as delay } from 'node:timers/promises';
import { microFromCredits } from '../../common/money.js';
import type { BookedContract, FarmBooks } from '../books.js';
import type { RecordedCall } from '../farm-call.js';
import type { FaultRule } from '../faults.js';
import type { Machine } from '../machines/machine.js';
import { billedMicro, isAlive, type VastContract } from './vast-contract.js';
import type { VastFarm } from './vast-farm.js';
import type { VastFaults } from './vast-faults.js';

/** The hand behind the simulated vast.ai: what a test or an operator can make happen. Ids are contract ids. */
export class VastControl {
  constructor(
    private readonly farm: VastFarm,
    private readonly recorded: readonly RecordedCall[],
  ) {}

  /** Plans a fault for the next matching calls, e.g. `inject('rent', 'cut_after')`. */
  inject<Call extends keyof VastFaults>(call: Call, effect: VastFaults[Call], rule: FaultRule = {}): void {
    this.farm.faults.inject(call, effect, rule);
  }

  /** None: every call that was to go wrong has come in. */
  faultsLeft(): number {
    return this.farm.faults.left;
  }

  clearFaults(): void {
    this.farm.faults.clear();
  }

  /** Every call since the start, in order of its answer. */
  calls(): readonly RecordedCall[] {
    return this.recorded;
  }

  books(): FarmBooks {
    this.farm.contracts.settleAll();
    const rows = this.farm.contracts.all().map(bookOf);
    return {
      active: rows.filter(({ endedAt }) => endedAt === null),
      ended: rows.filter(({ endedAt }) => endedAt !== null),
      totalBilledMicro: rows.reduce((sum, row) => sum + row.billedMicro, 0),
      creditMicro: Math.round(this.farm.account.creditMicro),
    };
  }

  /** Dollars; 0 stops every contract at once. */
  setCredit(dollars: number): void {
    this.farm.account.creditMicro = microFromCredits(dollars);
    this.farm.contracts.settleAll();
  }

  /** The host lost its connection: nothing answers, nothing is billed. */
  goOffline(id: number): void {
    this.darkenAs(id, 'offline', 'host offline\n');
  }

  /** No heartbeat from the host; its ports do not answer. */
  becomeUnknown(id: number): void {
    this.darkenAs(id, 'unknown', this.find(id).statusMessage);
  }

  /** Paused with its memory: the GPU is billed, nothing answers. */
  freeze(id: number): void {
    this.darkenAs(id, 'frozen', this.find(id).statusMessage);
  }

  /** Back from offline, unknown, frozen or exited, on the same ports where it still has them. */
  async comeBack(id: number): Promise<void> {
    const contract = this.find(id);
    contract.intendedStatus = 'running';
    await this.farm.timeline.run(contract);
  }

  /** Goes offline and comes back, `times` times, `everyMs` real milliseconds apart; resolves when it is back for good. */
  async flap(id: number, { times, everyMs }: { times: number; everyMs: number }): Promise<void> {
    for (let turn = 0; turn < times; turn += 1) {
      this.goOffline(id);
      await delay(everyMs);
      await this.comeBack(id);
      await delay(everyMs);
    }
  }

  /** The process in the container ends though it should run. */
  exit(id: number): void {
    this.farm.timeline.halt(this.find(id), 'exited', 'container exited\n');
  }

  /** Runs on, but the host maps no port any more. */
  losePorts(id: number): void {
    const contract = this.find(id);
    this.farm.timeline.darken(contract);
    contract.ports = [];
    this.farm.timeline.move(contract, 'running', contract.statusMessage);
  }

  /** Somebody bids more: stopped, with the disk still billed. */
  outbid(id: number): void {
    this.farm.contracts.stop(this.find(id), 'outbid\n');
  }

  /** While this contract is stopped its GPU is let: the next start is queued. */
  relet(id: number): void {
    this.find(id).isRelet = true;
  }

  /** @returns the id of the pending increase */
  proposePriceIncrease(id: number, factor: number): number {
    const contract = this.find(id);
    return this.farm.priceIncreases.propose(contract, contract.gpuPerHour * factor);
  }

  /** The contract's term is over now. */
  endContract(id: number): void {
    this.find(id).endDate = this.farm.clock.nowSeconds();
    this.farm.contracts.settleAll();
  }

  withdrawOffer(offerId: number): void {
    this.farm.market.withdraw(offerId);
  }

  putOfferBack(offerId: number): void {
    this.farm.market.putBack(offerId);
  }

  /** The machine behind a container port; without a port the first one. Undefined until the contract runs. */
  machine(id: number, containerPort?: number): Machine | undefined {
    const ports = this.farm.contracts.find(id)?.ports ?? [];
    return ports.find((port) => port.machine && (containerPort ?? port.containerPort) === port.containerPort)
      ?.machine;
  }

  private darkenAs(id: number, status: 'offline' | 'unknown' | 'frozen', message: string | null): void {
    const contract = this.find(id);
    this.farm.timeline.darken(contract);
    this.farm.timeline.move(contract, status, message);
  }

  private find(id: number): VastContract {
    const contract = this.farm.contracts.find(id);
    if (!contract) throw new RangeError(`vast.ai has no contract ${id}`);
    return contract;
  }
}

function bookOf(contract: VastContract): BookedContract {
  return {
    id: String(contract.id),
    label: contract.label,
    machineId: String(contract.offer.machine_id),
    offerId: String(contract.offer.id),
    state: isAlive(contract) ? (contract.actualStatus ?? 'provisioning') : 'destroyed',
    startedAt: contract.createdAt,
    endedAt: contract.destroyedAt,
    billedMicro: billedMicro(contract),
  };
}
