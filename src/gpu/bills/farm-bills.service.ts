import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { FarmCosts } from '../../credits/metering/farm-costs.service.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { GpuProvider, ProviderContract } from '../../providers/gpu-provider.js';
import type { Rental } from '../rentals/rental.entity.js';
import type { FarmBill } from './farm-bill.entity.js';
import { FarmBillRepository } from './farm-bill.repository.js';

const HOUR_MS = 3_600_000;
/** Farms add to a bill for some time: traffic is counted late. */
const ASK_AGAIN_MS = HOUR_MS;
const FINAL_AFTER_MS = 26 * HOUR_MS;
/** Older contracts than this were ended when nobody was there to ask. */
const LOOK_BACK_MS = 30 * 24 * HOUR_MS;

/**
 * Asks farms what ended contracts have cost and corrects the books by it, so that `cogs:{farm}` is what the farm itself
 * says. A bill that changes is booked again, until it is a day old.
 */
@Injectable()
export class FarmBills {
  private readonly logger = new Logger(FarmBills.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly bills: FarmBillRepository,
    private readonly costs: FarmCosts,
    private readonly clock: Clock,
  ) {}

  /**
   * A contract that nobody claimed is being ended; its cost is no rental's.
   * @param meant the rental that it was made for
   */
  async noteOrphan(
    farm: GpuProvider,
    { contractId, startedAt }: ProviderContract,
    meant: Rental | null,
  ): Promise<void> {
    if (!farm.readBills) return;
    const endedAt = this.clock.now();
    const bill = { provider: farm.name, contractId, rentalId: null, endedAt };
    const pricePerHourMicro = meant?.providerPriceMicro ?? 0;
    const from = meant?.createdAt ?? Math.round(startedAt ?? endedAt);
    await this.bills.insertMissing([{ ...bill, pricePerHourMicro, startedAt: from }]);
  }

  /** Opens bills of contracts that have ended, and asks about those that are due. */
  async settle(farms: readonly GpuProvider[], signal: AbortSignal): Promise<void> {
    const telling = farms.filter(({ readBills }) => readBills !== undefined);
    if (telling.length === 0) return;
    await this.open(telling);
    for (const farm of telling) if (!signal.aborted) await this.askSafely(farm, signal);
  }

  private async open(farms: readonly GpuProvider[]): Promise<void> {
    const names = farms.map(({ name }) => name);
    const ended = await this.bills.unbilled(names, this.clock.now() - LOOK_BACK_MS);
    await this.bills.insertMissing(
      ended.map((rental) => ({
        provider: rental.provider,
        contractId: rental.contractId ?? '',
        rentalId: rental.id,
        pricePerHourMicro: rental.providerPriceMicro,
        startedAt: rental.contractAt ?? rental.createdAt,
        endedAt: rental.contractGoneAt ?? this.clock.now(),
      })),
    );
  }

  /** One farm that cannot be asked does not stop the others. */
  private async askSafely(farm: GpuProvider, signal: AbortSignal): Promise<void> {
    try {
      await this.ask(farm, signal);
    } catch (error) {
      this.logger.warn({ msg: 'bills not read, will be repeated', provider: farm.name, err: error });
    }
  }

  private async ask(farm: GpuProvider, signal: AbortSignal): Promise<void> {
    const askedAt = this.clock.now();
    const due = await this.bills.due(farm.name, askedAt - ASK_AGAIN_MS);
    if (due.length === 0) return;
    const told = (await farm.readBills?.(due, { signal })) ?? new Map<string, number>();
    await this.bills.noteAsked(
      due.map(({ id }) => id),
      askedAt,
    );
    for (const bill of due) await this.book(bill, told.get(bill.contractId), askedAt);
    const old = due.filter(({ endedAt }) => endedAt < askedAt - FINAL_AFTER_MS);
    for (const bill of old) this.reportUntold(bill, told.has(bill.contractId));
    await this.bills.close(
      old.map(({ id }) => id),
      askedAt,
    );
  }

  private async book(bill: FarmBill, amountMicro: number | undefined, askedAt: number): Promise<void> {
    if (amountMicro === undefined || amountMicro === bill.amountMicro) return;
    const { provider, contractId, rentalId, endedAt, amountMicro: bookedMicro } = bill;
    const cost = { provider, contractId, rentalId, bookedMicro, amountMicro, eventAt: endedAt, askedAt };
    await this.unitOfWork.run(async (manager) => {
      if (await this.bills.restate(bill, amountMicro, manager)) await this.costs.correct(cost, manager);
    });
  }

  private reportUntold({ provider, contractId, rentalId }: FarmBill, isTold: boolean): void {
    if (isTold) return;
    const which = { provider, contract_id: contractId, rental_id: rentalId };
    this.logger.warn({ msg: 'the farm has told no bill, the price of the offer stays booked', ...which });
  }
}
