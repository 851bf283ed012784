import { Injectable } from '@nestjs/common';
import { In, MoreThanOrEqual, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { CreditAccount } from '../ledger/account.entity.js';
import { CreditEntry } from '../ledger/entry.entity.js';
import { CreditTransfer } from '../ledger/transfer.entity.js';
import { AutoRenewRule } from './auto-renew-rule.entity.js';

/** What renewals have bought for an account in the current month. */
export interface RenewedSum {
  count: number;
  amountMicro: number;
}

@Injectable()
export class AutoRenewRepository {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  find(userId: string, manager: EntityManager = this.unitOfWork.manager): Promise<AutoRenewRule | null> {
    return manager.findOneBy(AutoRenewRule, { userId });
  }

  async save(rule: AutoRenewRule, manager: EntityManager): Promise<void> {
    await manager.upsert(AutoRenewRule, rule, ['userId']);
  }

  async flagAccount(userId: string, hasAutoRenew: boolean, manager: EntityManager): Promise<void> {
    await manager.update(CreditAccount, { id: userId }, { hasAutoRenew });
  }

  /** Enabled rules whose account is not frozen and, with a threshold, has less than that available. */
  wanting(afterUserId: string, limit: number): Promise<AutoRenewRule[]> {
    const available = 'account.postedMicro - account.heldMicro';
    return this.unitOfWork.manager
      .createQueryBuilder(AutoRenewRule, 'rule')
      .innerJoin(CreditAccount, 'account', 'account.id = rule.userId')
      .where('rule.isEnabled = true AND account.isFrozen = false AND rule.userId > :afterUserId', {
        afterUserId,
      })
      .andWhere(`(rule.trigger = 'interval' OR ${available} < rule.thresholdMicro)`)
      .orderBy('rule.userId', 'ASC')
      .take(limit)
      .getMany();
  }

  /** By account, since an instant. */
  async renewedSince(accounts: readonly string[], since: number): Promise<Map<string, RenewedSum>> {
    const { manager } = this.unitOfWork;
    const where = { account: In([...accounts]), code: 'renewal' as const, createdAt: MoreThanOrEqual(since) };
    const transfers = await manager.find(CreditTransfer, { select: ['id', 'account'], where });
    const ids = transfers.map(({ id }) => id);
    const entries = ids.length === 0 ? [] : await manager.findBy(CreditEntry, { transferId: In(ids) });
    const sums = new Map<string, RenewedSum>();
    for (const { account, amountMicro, seq } of entries) {
      if (seq === null) continue;
      const { count, amountMicro: before } = sums.get(account) ?? { count: 0, amountMicro: 0 };
      sums.set(account, { count: count + 1, amountMicro: before + amountMicro });
    }
    return sums;
  }
}
