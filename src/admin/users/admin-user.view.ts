import { CreditsView } from '../../credits/credits.view.js';
import { UserView } from '../../users/user.view.js';
import { QuotaView } from './quota.view.js';
import type { UserStanding } from './user-administration.service.js';

/** An account with all that an operator decides about. */
export class AdminUserView extends UserView {
  credits: CreditsView;
  /** A dispute or a debt has stopped it. */
  is_frozen: boolean;
  /** null = none was ever set. */
  quotas: QuotaView | null;

  static fromStanding({ user, balance, quota }: UserStanding): AdminUserView {
    return {
      ...UserView.from(user),
      credits: CreditsView.from(balance),
      is_frozen: balance.isFrozen,
      quotas: quota ? QuotaView.from(quota) : null,
    };
  }
}

export class UserListView {
  users: UserView[];
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;
}
