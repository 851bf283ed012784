import { Injectable } from '@nestjs/common';
import type { Origin } from '../../common/origin.js';
import type { Balance } from '../../credits/ledger/balance.js';
import { AccountSettings } from '../../credits/ledger/account-settings.js';
import { LedgerService } from '../../credits/ledger/ledger.service.js';
import type { CreditQuota } from '../../credits/quotas/credit-quota.entity.js';
import type { QuotaChange } from '../../credits/quotas/quota-settings.js';
import { Quotas } from '../../credits/quotas/quotas.service.js';
import type { User } from '../../users/user.entity.js';
import { userNotFound } from '../../users/users.errors.js';
import { UsersService } from '../../users/users.service.js';

/** What an operator sees and decides of an account. */
export interface UserStanding {
  user: User;
  balance: Balance;
  quota: CreditQuota | null;
}

export interface UserChange {
  creditsCapMicro?: number;
  isActive?: boolean;
  quotas?: QuotaChange;
}

/** Accounts in the hands of an operator. */
@Injectable()
export class UserAdministration {
  constructor(
    private readonly users: UsersService,
    private readonly ledger: LedgerService,
    private readonly accounts: AccountSettings,
    private readonly quotas: Quotas,
  ) {}

  /** @throws DomainError 404 `user_not_found` */
  async standing(userId: string): Promise<UserStanding> {
    const user = await this.users.findById(userId);
    if (!user) throw userNotFound();
    return { user, balance: await this.ledger.balanceOf(userId), quota: await this.quotas.find(userId) };
  }

  /** Each part by itself; what can be refused comes first. @throws DomainError 409 `last_admin` */
  async change(
    userId: string,
    { isActive, creditsCapMicro, quotas }: UserChange,
    origin: Origin,
  ): Promise<UserStanding> {
    if (isActive === false) await this.users.deactivate(userId, origin);
    if (isActive === true) await this.users.activate(userId, origin);
    if (creditsCapMicro !== undefined) await this.accounts.setCap(userId, creditsCapMicro);
    if (quotas) await this.quotas.change(userId, quotas);
    return this.standing(userId);
  }
}
