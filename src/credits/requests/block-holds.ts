import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { keySpendLimitReached } from '../credits.errors.js';
import { HoldKeeper } from '../ledger/hold-keeper.js';
import type { Capture, HoldRequest } from '../ledger/hold-request.js';
import { remainingOf, type CreditHold } from '../ledger/hold.entity.js';
import { KeyBudgetRepository } from './key-budget.repository.js';
import type { SpendLimit } from './purse.js';

/** The holds of blocks: credits of the account and, where a key has a spend limit, of that limit as well. */
@Injectable()
export class BlockHolds {
  constructor(
    private readonly holds: HoldKeeper,
    private readonly budgets: KeyBudgetRepository,
  ) {}

  get(holdId: string, manager: EntityManager): Promise<CreditHold> {
    return this.holds.get(holdId, manager);
  }

  /** @throws insufficient_credits, account_frozen, key_spend_limit_reached */
  async place(
    request: HoldRequest,
    limit: SpendLimit | undefined,
    manager: EntityManager,
  ): Promise<CreditHold> {
    const hold = await this.holds.place(request, manager);
    if (!limit || (await this.budgets.commit(limit, request.amountMicro, manager))) return hold;
    throw keySpendLimitReached(limit.limitMicro);
  }

  /** False, and nothing changed, when account or limit cannot. */
  async extend(
    hold: CreditHold,
    limit: SpendLimit | undefined,
    byMicro: number,
    manager: EntityManager,
  ): Promise<boolean> {
    if (!(await this.holds.extend(hold.id, byMicro, manager))) return false;
    if (!limit || (await this.budgets.commit(limit, byMicro, manager))) return true;
    await this.holds.shrink(hold, byMicro, manager);
    return false;
  }

  async capture(charge: Capture, manager: EntityManager): Promise<void> {
    if (charge.amountMicro > 0) await this.holds.capture(charge, manager);
  }

  async shrink(
    hold: CreditHold,
    budgetId: string | null,
    byMicro: number,
    manager: EntityManager,
  ): Promise<void> {
    await this.holds.shrink(hold, byMicro, manager);
    if (budgetId !== null) await this.budgets.release(budgetId, byMicro, manager);
  }

  /** @param hold as it stands before its last charge */
  async settle(
    hold: CreditHold,
    budgetId: string | null,
    charge: Capture,
    manager: EntityManager,
  ): Promise<void> {
    const freed = remainingOf(hold) - charge.amountMicro;
    await this.holds.settle(charge, manager);
    if (budgetId !== null) await this.budgets.release(budgetId, freed, manager);
  }
}
