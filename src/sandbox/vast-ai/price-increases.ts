import { ok, type FarmAnswer, type FarmCall } from '../farm-call.js';
import type { SimulatedClock } from '../simulated-clock.js';
import type { VastContract } from './vast-contract.js';
import type { VastContracts } from './vast-contracts.js';
import { invalidArgs, noPendingPriceIncrease } from './vast.errors.js';

interface PendingIncrease {
  id: number;
  contract: VastContract;
  gpuPerHour: number;
  createdAt: number;
}

const SECONDS_PER_HOUR = 3600;

/** What hosts ask for on running contracts, waiting for the tenant's yes or no. */
export class PriceIncreases {
  private pending: PendingIncrease[] = [];
  private nextId = 5512;

  constructor(
    private readonly clock: SimulatedClock,
    private readonly contracts: VastContracts,
  ) {}

  propose(contract: VastContract, gpuPerHour: number): number {
    const id = this.nextId++;
    this.pending.push({ id, contract, gpuPerHour, createdAt: this.clock.nowSeconds() });
    return id;
  }

  list(): FarmAnswer {
    this.pending = this.pending.filter(({ contract }) => this.contracts.find(contract.id));
    const rows = this.pending.map(pendingRow);
    return ok({ success: true, count: rows.length, truncated: false, pending_price_increases: rows });
  }

  accept(call: FarmCall): FarmAnswer {
    const { contract, gpuPerHour } = this.take(call.body);
    this.contracts.settleAll();
    contract.gpuPerHour = gpuPerHour;
    return ok({ success: true });
  }

  /** The contract keeps its price until its end date. */
  reject(call: FarmCall): FarmAnswer {
    this.take(call.body);
    return ok({ success: true });
  }

  private take(body: unknown): PendingIncrease {
    const fields = (body ?? {}) as Record<string, unknown>;
    const id = fields.pending_price_increase_id;
    if (typeof id !== 'number' || Object.keys(fields).length !== 1) {
      throw invalidArgs('the body must be exactly {"pending_price_increase_id": N}');
    }
    const increase = this.pending.find((candidate) => candidate.id === id);
    if (!increase) throw noPendingPriceIncrease();
    this.pending = this.pending.filter((other) => other !== increase);
    return increase;
  }
}

function pendingRow({ id, contract, gpuPerHour, createdAt }: PendingIncrease): object {
  return {
    pending_price_increase_id: id,
    contract_id: contract.id,
    host_id: contract.offer.host_id,
    new_gpu_costpersec: gpuPerHour / SECONDS_PER_HOUR,
    new_disk_ram_costpersec: null,
    new_bwu_cost: null,
    new_bwd_cost: null,
    new_platform_fee: null,
    old_gpu_costpersec: contract.gpuPerHour / SECONDS_PER_HOUR,
    old_disk_ram_costpersec: null,
    old_bwu_cost: null,
    old_bwd_cost: null,
    old_platform_fee: null,
    contract_end_date: contract.endDate,
    ask_end_date: contract.offer.end_date,
    created_at: createdAt,
  };
}
