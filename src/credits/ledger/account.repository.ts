import { Injectable } from '@nestjs/common';
import { In, MoreThan, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditAccount } from './account.entity.js';
import { GENESIS_HASH } from './ledger-hash.js';
import type { Standing } from './posting-rows.js';

type Parameters = Record<string, string | number>;
type Changes = Partial<Record<keyof CreditAccount, string>>;

/** In one query; both databases bound the number of parameters. */
const MOST_IDS = 1000;

/**
 * Rows of accounts. Every change of money is one conditional UPDATE; methods that may be refused answer whether the
 * row was changed. Nothing reads a balance first and writes it afterwards, but for `moveOn`, which the number of the
 * last entry guards.
 */
@Injectable()
export class AccountRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(id: string, manager: EntityManager = this.unitOfWork.manager): Promise<CreditAccount | null> {
    return manager.findOneBy(CreditAccount, { id });
  }

  get(id: string, manager: EntityManager): Promise<CreditAccount> {
    return manager.findOneByOrFail(CreditAccount, { id });
  }

  pageAfter(id: string, limit: number): Promise<CreditAccount[]> {
    const { manager } = this.unitOfWork;
    return manager.find(CreditAccount, { where: { id: MoreThan(id) }, order: { id: 'ASC' }, take: limit });
  }

  /** How many entries each account has; accounts that do not exist are left out. */
  async seqsOf(ids: readonly string[]): Promise<Map<string, number>> {
    const seqs = new Map<string, number>();
    const distinct = [...new Set(ids)];
    for (let start = 0; start < distinct.length; start += MOST_IDS) {
      const id = In(distinct.slice(start, start + MOST_IDS));
      const accounts = await this.unitOfWork.manager.find(CreditAccount, {
        select: ['id', 'seq'],
        where: { id },
      });
      for (const account of accounts) seqs.set(account.id, account.seq);
    }
    return seqs;
  }

  async insertIfMissing(id: string, createdAt: number, manager: EntityManager): Promise<void> {
    const row = { ...EMPTY_ACCOUNT, id, createdAt };
    await manager.createQueryBuilder().insert().into(CreditAccount).values(row).orIgnore().execute();
  }

  /** Sets credits aside unless the account is frozen or they would pass its cap. */
  reserve(id: string, amount: number, manager: EntityManager): Promise<boolean> {
    return this.change(manager, id, { amount }, { heldMicro: 'held_micro + :amount' }, MAY_SPEND);
  }

  async release(id: string, amount: number, manager: EntityManager): Promise<void> {
    await this.change(manager, id, { amount }, { heldMicro: 'held_micro - :amount' });
  }

  /** A charge against what a hold has set aside: never refused, the hold has the funds. */
  capture(id: string, amount: number, used: number, manager: EntityManager): Promise<boolean> {
    return this.change(manager, id, { amount, used }, { ...SPENT, heldMicro: 'held_micro - :amount' });
  }

  /** A charge without a hold, under the same rule as a new hold. */
  debit(id: string, amount: number, used: number, manager: EntityManager): Promise<boolean> {
    return this.change(manager, id, { amount, used }, SPENT, MAY_SPEND);
  }

  /** A charge that may pass the floor: the excess becomes forced debt, and the account freezes. */
  force(id: string, amount: number, manager: EntityManager): Promise<boolean> {
    return this.change(manager, id, { amount, used: 0 }, { ...SPENT, ...FORCED });
  }

  /** Forced debt is paid first. */
  credit(id: string, amount: number, used: number, manager: EntityManager): Promise<boolean> {
    return this.change(manager, id, { amount, used }, CREDITED);
  }

  /**
   * Charges against what holds have set aside, added up: frees `freed` and moves on to where the entries lead. Refused
   * when another entry came in between.
   */
  moveOn(seen: CreditAccount, next: Standing, freed: number, manager: EntityManager): Promise<boolean> {
    const changes: Changes = {
      heldMicro: 'held_micro - :freed',
      postedMicro: ':posted',
      usedMicro: ':used',
      seq: ':seq',
      lastHash: ':hash',
    };
    const { postedMicro: posted, usedMicro: used, seq, lastHash: hash } = next;
    const parameters = { freed, posted, used, seq, hash, seenSeq: seen.seq };
    return this.change(manager, seen.id, parameters, changes, 'seq = :seenSeq');
  }

  /** A cap below the present overage is allowed: the floor stays where the account is. */
  setCap(id: string, cap: number, manager: EntityManager = this.unitOfWork.manager): Promise<boolean> {
    const floor = cap === 0 ? 0 : -cap;
    return this.change(manager, id, { cap, floor }, { capMicro: ':cap', floorMicro: FLOOR_FOR_CAP });
  }

  async setFrozen(
    id: string,
    isFrozen: boolean,
    manager: EntityManager = this.unitOfWork.manager,
  ): Promise<void> {
    await manager.update(CreditAccount, { id }, { isFrozen });
  }

  async setLastHash(id: string, lastHash: string, manager: EntityManager): Promise<void> {
    await manager.update(CreditAccount, { id }, { lastHash });
  }

  /** True for exactly one caller in the life of the account. */
  claimSignup(id: string, manager: EntityManager): Promise<boolean> {
    return this.change(manager, id, {}, { isSignupSettled: 'true' }, 'is_signup_settled = false');
  }

  /** True when the flag was the other way round. */
  switchLowWarned(id: string, isLow: boolean): Promise<boolean> {
    const { manager } = this.unitOfWork;
    const condition = `is_low_warned = ${String(!isLow)}`;
    return this.change(manager, id, {}, { isLowWarned: String(isLow) }, condition);
  }

  private async change(
    manager: EntityManager,
    id: string,
    parameters: Parameters,
    changes: Changes,
    condition = 'true',
  ): Promise<boolean> {
    const set = Object.fromEntries(Object.entries(changes).map(([column, sql]) => [column, () => sql]));
    const update = manager.createQueryBuilder().update(CreditAccount).set(set);
    const { affected } = await update.where(`id = :id AND ${condition}`, { id, ...parameters }).execute();
    return affected === 1;
  }
}

const EMPTY_ACCOUNT = {
  postedMicro: 0,
  heldMicro: 0,
  capMicro: 0,
  floorMicro: 0,
  forcedDebtMicro: 0,
  usedMicro: 0,
  isFrozen: false,
  hasAutoRenew: false,
  isSignupSettled: false,
  isLowWarned: false,
  seq: 0,
  lastHash: GENESIS_HASH,
};

const MAY_SPEND = 'is_frozen = false AND posted_micro - held_micro - :amount >= -cap_micro';

const SPENT: Changes = {
  postedMicro: 'posted_micro - :amount',
  usedMicro: 'used_micro + :used',
  seq: 'seq + 1',
};

const PASSES_FLOOR = 'posted_micro - :amount - held_micro + forced_debt_micro < floor_micro';

const FORCED: Changes = {
  forcedDebtMicro: `CASE WHEN ${PASSES_FLOOR}
    THEN floor_micro - (posted_micro - :amount - held_micro) ELSE forced_debt_micro END`,
  isFrozen: `CASE WHEN ${PASSES_FLOOR} THEN true ELSE is_frozen END`,
};

const CREDITED: Changes = {
  postedMicro: 'posted_micro + :amount',
  usedMicro: 'used_micro + :used',
  seq: 'seq + 1',
  forcedDebtMicro: 'CASE WHEN forced_debt_micro > :amount THEN forced_debt_micro - :amount ELSE 0 END',
};

const FLOOR_FOR_CAP = `CASE WHEN posted_micro - held_micro + forced_debt_micro < :floor
  THEN posted_micro - held_micro + forced_debt_micro ELSE :floor END`;
