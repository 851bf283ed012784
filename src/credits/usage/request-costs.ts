import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RentalMeterRepository } from '../metering/rental-meter.repository.js';
import type { UsageRecord } from './usage-record.entity.js';

const MOST_REMEMBERED = 10_000;
const MS_PER_HOUR = 3_600_000;

interface RentalPrices {
  pricePerHourMicro: number;
  providerPricePerHourMicro: number;
}

/**
 * Puts a request's share of its GPU's cost into its usage row: the rental's price for the part of the instance's busy
 * time that was the request's (see InstanceBusyTime). Time in which an instance had nothing to do is nobody's, so
 * the shares of a rental add up to its busy time and not to its bill.
 */
@Injectable()
export class RequestCosts {
  /** A rental's prices never change. */
  private readonly prices = new LRUCache<string, RentalPrices>({ max: MOST_REMEMBERED });

  constructor(private readonly meters: RentalMeterRepository) {}

  /** Completes the rows whose rental is known; the others stay without. */
  async complete(records: readonly UsageRecord[]): Promise<void> {
    await this.learn(records);
    for (const record of records) {
      const prices = record.rentalId === null ? undefined : this.prices.get(record.rentalId);
      if (!prices || record.busyMs === null) continue;
      record.gpuCostMicro = Math.round((record.busyMs * prices.pricePerHourMicro) / MS_PER_HOUR);
      record.providerCostMicro = Math.round((record.busyMs * prices.providerPricePerHourMicro) / MS_PER_HOUR);
    }
  }

  private async learn(records: readonly UsageRecord[]): Promise<void> {
    const ids = new Set(records.map(({ rentalId }) => rentalId).filter((id) => id !== null));
    const unknown = [...ids].filter((id) => !this.prices.has(id));
    if (unknown.length === 0) return;
    for (const meter of await this.meters.findMany(unknown)) {
      const { pricePerHourMicro, providerPricePerHourMicro } = meter;
      this.prices.set(meter.rentalId, { pricePerHourMicro, providerPricePerHourMicro });
    }
  }
}
