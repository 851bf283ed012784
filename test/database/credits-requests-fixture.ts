import { BlockBook } from '../../src/credits/requests/block-book.js';
import { BlockUpkeep } from '../../src/credits/requests/block-upkeep.js';
import { RequestBudget } from '../../src/credits/requests/request-budget.js';
import type { AppConfig } from '../../src/config/config.js';
import type { UnitOfWork } from '../../src/database/unit-of-work.js';
import type { TestDatabase } from '../support/databases.js';
import { createCredits, type Credits } from './credits-fixture.js';

export const SECOND = 1000;
export const DELIVERED = { isDelivered: true };
export const NOT_DELIVERED = { isDelivered: false };
export const NEVER = new AbortController().signal;

/** 0.001 credit a request and as much per 1,000 tokens. */
const PRICE = { requestPriceMicro: 1000, tokenPriceNano: 1000 };

/** Several processes that sell requests on one database. */
export class RequestProcesses {
  private started: Credits[] = [];

  constructor(private readonly database: TestDatabase) {}

  /** Its upkeep happens when the test says so. */
  async start(
    billing: Partial<AppConfig['billing']> = {},
    unitOfWork: UnitOfWork = this.database.unitOfWork,
  ): Promise<Credits> {
    const credits = await createCredits({ unitOfWork }, { ...PRICE, ...billing });
    credits.get(BlockBook).whenAdded(() => undefined);
    this.started.push(credits);
    return credits;
  }

  /** It is gone without a word. */
  kill(credits: Credits): void {
    this.started = this.started.filter((process) => process !== credits);
  }

  async stopAll(): Promise<void> {
    for (const process of this.started.splice(0)) await process.stop();
  }
}

export const budgetOf = (credits: Credits): RequestBudget => credits.get(RequestBudget);
export const upkeep = (credits: Credits): Promise<void> => credits.get(BlockUpkeep).round();

export async function fundsOf(
  { ledger }: Credits,
  userId: string,
): Promise<{ held: number; used: number; remaining: number }> {
  const { heldMicro, usedMicro, remainingMicro } = await ledger.balanceOf(userId);
  return { held: heldMicro, used: usedMicro, remaining: remainingMicro };
}
