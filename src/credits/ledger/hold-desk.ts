import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { isDomainError } from '../../common/domain-error.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { GroupCommit, type SeenSettlement } from './group-commit.js';
import { GroupTurns } from './group-turns.js';
import { HoldKeeper } from './hold-keeper.js';
import type { Capture, HoldRequest } from './hold-request.js';
import type { CreditHold } from './hold.entity.js';

/** More would only make the first of them wait. */
const MOST_TOGETHER = 100;
const MOST_REMEMBERED = 10_000;

/**
 * Holds, each change in a transaction. Those of one account wait for one row anyway: what is placed and settled while
 * a transaction is under way shares the next one, and with it one wait for the disk and a handful of statements.
 */
@Injectable()
export class HoldDesk {
  private readonly places = new GroupTurns<HoldRequest, CreditHold>(
    (userId, requests) => this.placeGroup(userId, requests),
    MOST_TOGETHER,
  );
  private readonly settles = new GroupTurns<SeenSettlement, void>(
    (userId, settles) => this.settleGroup(userId, settles),
    MOST_TOGETHER,
  );
  /** Holds as they were placed: whose they are, and as a rule how they still stand when they are settled. */
  private readonly seen = new LRUCache<string, CreditHold>({ max: MOST_REMEMBERED });

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly keeper: HoldKeeper,
    private readonly group: GroupCommit,
  ) {}

  /** As HoldKeeper.place. */
  async place(request: HoldRequest): Promise<CreditHold> {
    const hold = await this.places.submit(request.userId, request);
    this.seen.set(hold.id, hold);
    return hold;
  }

  /** As HoldKeeper.settle. */
  async settle(capture: Capture): Promise<void> {
    const { holdId } = capture;
    const hold = this.seen.get(holdId) ?? (await this.keeper.get(holdId, this.unitOfWork.manager));
    await this.settles.submit(hold.userId, { capture, hold });
  }

  /** As HoldKeeper.extend. */
  extend(holdId: string, byMicro: number): Promise<boolean> {
    return this.unitOfWork.run((manager) => this.keeper.extend(holdId, byMicro, manager));
  }

  /** As HoldKeeper.capture. */
  capture(capture: Capture): Promise<void> {
    return this.unitOfWork.run((manager) => this.keeper.capture(capture, manager));
  }

  /** As HoldKeeper.void. */
  void(holdId: string): Promise<void> {
    return this.unitOfWork.run((manager) => this.keeper.void(holdId, manager));
  }

  private placeGroup(
    userId: string,
    requests: readonly HoldRequest[],
  ): Promise<PromiseSettledResult<CreditHold>[]> {
    return togetherOrOneByOne(
      requests,
      () => this.unitOfWork.run((manager) => this.group.place(userId, requests, manager)),
      (request) => this.unitOfWork.run((manager) => this.keeper.place(request, manager)),
    );
  }

  private settleGroup(
    userId: string,
    settles: readonly SeenSettlement[],
  ): Promise<PromiseSettledResult<void>[]> {
    return togetherOrOneByOne(
      settles,
      async () => {
        await this.unitOfWork.run((manager) => this.group.settle(userId, settles, manager));
        return settles.map(() => undefined);
      },
      ({ capture }) => this.unitOfWork.run((manager) => this.keeper.settle(capture, manager)),
    );
  }
}

/** When the database is gone, asking once for each of them would take its time-out for each of them. */
async function togetherOrOneByOne<Work, Result>(
  works: readonly Work[],
  together: () => Promise<Result[]>,
  alone: (work: Work) => Promise<Result>,
): Promise<PromiseSettledResult<Result>[]> {
  const [all] = await Promise.allSettled([together()]);
  if (all.status === 'fulfilled') return all.value.map((value) => ({ status: 'fulfilled', value }));
  if (isDomainError(all.reason, 'database_unavailable')) return works.map(() => all);
  const results: PromiseSettledResult<Result>[] = [];
  for (const work of works) results.push(...(await Promise.allSettled([alone(work)])));
  return results;
}
