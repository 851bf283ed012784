import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { AccountOpener } from '../ledger/account-opener.js';
import { periodStart } from '../ledger/balance.js';
import { userAccount } from '../ledger/transfer-codes.js';
import type { AutoRenewRule } from './auto-renew-rule.entity.js';
import { AutoRenewRepository, type RenewedSum } from './auto-renew.repository.js';

const RULES_PER_READ = 200;
const NOTHING: RenewedSum = { count: 0, amountMicro: 0 };

/** A renewal whose time has come. */
export interface DueRenewal {
  userId: string;
  amountMicro: number;
  /** A saved method; null = the user's default. */
  paymentMethod: string | null;
  /**
   * Stays the same until this renewal is posted (code `renewal`), so that it is paid once however often it is
   * listed: the key of the payment and of the posting.
   */
  idempotencyKey: string;
}

/** The rules, and which of them say that it is time to buy. Buying is somebody else's business. */
@Injectable()
export class AutoRenewRules {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rules: AutoRenewRepository,
    private readonly opener: AccountOpener,
    private readonly clock: Clock,
  ) {}

  async find(userId: string): Promise<AutoRenewRule | undefined> {
    return (await this.rules.find(userId)) ?? undefined;
  }

  /** Replaces the user's rule. */
  async set(rule: Omit<AutoRenewRule, 'updatedAt'>): Promise<AutoRenewRule> {
    const stored: AutoRenewRule = { ...rule, updatedAt: this.clock.now() };
    await this.unitOfWork.run(async (manager) => {
      await this.opener.openUnused(rule.userId, manager);
      await this.rules.save(stored, manager);
      await this.rules.flagAccount(rule.userId, rule.isEnabled, manager);
    });
    return stored;
  }

  /** Switches the rule off; its other values stay. */
  async disable(userId: string): Promise<AutoRenewRule | undefined> {
    const rule = await this.rules.find(userId);
    return rule ? this.set({ ...rule, isEnabled: false }) : undefined;
  }

  /** What the user's renewals have bought this month. */
  async renewedThisMonth(userId: string): Promise<number> {
    const account = userAccount(userId);
    const sums = await this.rules.renewedSince([account], periodStart(this.clock.now()));
    return sums.get(account)?.amountMicro ?? 0;
  }

  /**
   * Every renewal that is due: the account has less than its threshold, or had no renewal this month, and the month's
   * limit leaves room. One per user.
   * @param now epoch ms
   */
  async due(now: number): Promise<DueRenewal[]> {
    const due: DueRenewal[] = [];
    let page = await this.rules.wanting('', RULES_PER_READ);
    while (page.length > 0) {
      due.push(...(await this.dueOf(page, now)));
      page = await this.rules.wanting(page.at(-1)?.userId ?? '', RULES_PER_READ);
    }
    return due;
  }

  private async dueOf(rules: readonly AutoRenewRule[], now: number): Promise<DueRenewal[]> {
    const accounts = rules.map(({ userId }) => userAccount(userId));
    const sums = await this.rules.renewedSince(accounts, periodStart(now));
    const renewed = (userId: string): RenewedSum => sums.get(userAccount(userId)) ?? NOTHING;
    return rules
      .filter((rule) => isWithinLimit(rule, renewed(rule.userId)))
      .map(({ userId, amountMicro, paymentMethod }) => {
        const number = renewed(userId).count + 1;
        const idempotencyKey = `renew:${userId}:${monthOf(now)}:${number}`;
        return { userId, amountMicro, paymentMethod, idempotencyKey };
      });
  }
}

function isWithinLimit(rule: AutoRenewRule, { count, amountMicro }: RenewedSum): boolean {
  if (rule.trigger === 'interval' && count > 0) return false;
  return amountMicro + rule.amountMicro <= rule.monthlyLimitMicro;
}

const monthOf = (now: number): string => new Date(now).toISOString().slice(0, 7);
