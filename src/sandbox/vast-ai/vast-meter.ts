import type { FarmAccount } from '../farm-account.js';
import type { SimulatedClock } from '../simulated-clock.js';
import { usesGpu, isAlive, type VastContract } from './vast-contract.js';
import { storagePerHour } from './vast-offer.js';

const MICRO_PER_DOLLAR = 1_000_000;
const MS_PER_HOUR = 3_600_000;
const BYTES_PER_GB = 1_000_000_000;

/**
 * Bills by the second: the GPU while it runs, the disk from creation in every state but offline, traffic by the
 * byte in any state. What is due is taken from the account at once.
 */
export class VastMeter {
  constructor(
    private readonly clock: SimulatedClock,
    private readonly account: FarmAccount,
  ) {}

  /** Bills everything up to now; called before a contract's state changes and whenever money is looked at. */
  settle(contract: VastContract): void {
    if (!isAlive(contract)) return;
    const now = this.clock.now();
    const hours = Math.max(0, now - contract.billedUntil) / MS_PER_HOUR;
    contract.billedUntil = now;
    if (usesGpu(contract)) this.charge(contract, 'gpu', hours * contract.gpuPerHour);
    if (contract.actualStatus !== 'offline') {
      this.charge(contract, 'disk', hours * storagePerHour(contract.offer, contract.order.diskGb));
    }
    this.chargeUpload(contract);
  }

  /** The image pull comes in over the host's line. */
  chargeDownload(contract: VastContract, gigabytes: number): void {
    this.charge(contract, 'download', gigabytes * contract.offer.inet_down_cost);
  }

  private chargeUpload(contract: VastContract): void {
    const sent = (contract.ports ?? []).reduce((sum, { machine }) => sum + (machine?.bytesOut ?? 0), 0);
    const newBytes = Math.max(0, sent - contract.billedBytesOut);
    contract.billedBytesOut = sent;
    this.charge(contract, 'upload', (newBytes / BYTES_PER_GB) * contract.offer.inet_up_cost);
  }

  private charge(contract: VastContract, item: keyof VastContract['bill'], dollars: number): void {
    const micro = dollars * MICRO_PER_DOLLAR;
    contract.bill[item] += micro;
    this.account.spend(micro);
  }
}
