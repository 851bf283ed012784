import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { AccountRepository } from './account.repository.js';
import type { CreditEntry } from './entry.entity.js';
import { remainingOf, type CreditHold } from './hold.entity.js';
import { holdFor, type Capture, type HoldRequest } from './hold-request.js';
import { HoldRepository } from './hold.repository.js';
import { entriesFor, transferFor, type Posting, type Standing } from './posting-rows.js';
import { ruleOf } from './transfer-codes.js';
import type { CreditTransfer } from './transfer.entity.js';
import { TransferRepository } from './transfer.repository.js';

/** A settlement and its hold as it was seen last. */
export interface SeenSettlement {
  capture: Capture;
  hold: CreditHold;
}

/** Something in a group is not as simple as the rest: each has to be done by itself to find out what it is. */
export class NotTogether extends Error {}

/**
 * Places or settles many holds of one account with a handful of statements, inside one transaction; the account's row,
 * for which everybody waits, comes last. It does only the plain case, in which every key is new, every hold as it was
 * seen and the account has enough for all: anything else throws, and leaves everybody's answer to the one-by-one way,
 * which knows them all.
 */
@Injectable()
export class GroupCommit {
  constructor(
    private readonly accounts: AccountRepository,
    private readonly holds: HoldRepository,
    private readonly transfers: TransferRepository,
    private readonly clock: Clock,
  ) {}

  /** The placed holds, in their order. @throws NotTogether, or what a taken key makes the database say */
  async place(
    userId: string,
    requests: readonly HoldRequest[],
    manager: EntityManager,
  ): Promise<CreditHold[]> {
    const now = this.clock.now();
    const placed = requests.map((request) => holdFor(request, now));
    await this.holds.insertAll(placed, manager);
    const heldMicro = sum(placed.map(({ amountMicro }) => amountMicro));
    if (await this.accounts.reserve(userId, heldMicro, manager)) return placed;
    throw new NotTogether('the account cannot hold all of it');
  }

  /** @throws as `place` */
  async settle(userId: string, settles: readonly SeenSettlement[], manager: EntityManager): Promise<void> {
    const now = this.clock.now();
    const charged = settles.filter(({ capture }) => capture.amountMicro > 0);
    const postings = charged.map(({ capture }) => postingOf(userId, capture));
    const transfers = postings.map((posting) => transferFor(posting, now));
    if (transfers.length > 0) await this.transfers.insertAll(transfers, manager);
    await this.closeAll(settles, now, manager);
    const account = await this.accounts.get(userId, manager);
    const { entries, standing } = chained(account, postings, transfers);
    if (entries.length > 0) await this.transfers.insertEntries(entries, manager);
    const freedMicro = sum(settles.map(({ hold }) => remainingOf(hold)));
    if (await this.accounts.moveOn(account, standing, freedMicro, manager)) return;
    throw new NotTogether('the account has moved meanwhile');
  }

  private async closeAll(
    settles: readonly SeenSettlement[],
    closedAt: number,
    manager: EntityManager,
  ): Promise<void> {
    const charges = settles.map(({ hold, capture: { amountMicro } }) => ({ hold, amountMicro }));
    if (charges.some(({ hold, amountMicro }) => !(amountMicro >= 0 && amountMicro <= remainingOf(hold))))
      throw new NotTogether('a charge is more than its hold has');
    const closed = await this.holds.settleAll(charges, closedAt, manager);
    if (closed !== settles.length) throw new NotTogether('a hold is not as it was seen');
  }
}

function postingOf(userId: string, { amountMicro, ...capture }: Capture): Posting {
  return { ...capture, userId, amountMicro: -amountMicro };
}

const isUsage = ({ code }: Posting): boolean => ruleOf(code).isUsage;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The entries of postings that follow one another, and where they leave the account. */
function chained(
  account: Standing,
  postings: readonly Posting[],
  transfers: readonly CreditTransfer[],
): { entries: CreditEntry[]; standing: Standing } {
  let standing = account;
  const entries = postings.flatMap((posting, index) => {
    const moved = standingAfter(standing, posting);
    const sides = entriesFor(posting, transfers[index], moved);
    standing = { ...moved, lastHash: sides[0].hash };
    return sides;
  });
  return { entries, standing };
}

function standingAfter(standing: Standing, posting: Posting): Standing {
  const { amountMicro } = posting;
  return {
    seq: standing.seq + 1,
    postedMicro: standing.postedMicro + amountMicro,
    usedMicro: standing.usedMicro - (isUsage(posting) ? amountMicro : 0),
    lastHash: standing.lastHash,
  };
}
