import { creditsFromMicro } from '../../common/money.js';
import { CreditsView } from '../../credits/credits.view.js';
import type { Balance } from '../../credits/ledger/balance.js';

/** Credits that were given, and what the account has now. */
export class GrantedView {
  user_id: string;
  granted: number;
  transfer_id: string;
  credits: CreditsView;

  static from(balance: Balance, amountMicro: number, transferId: string): GrantedView {
    return {
      user_id: balance.userId,
      granted: creditsFromMicro(amountMicro),
      transfer_id: transferId,
      credits: CreditsView.from(balance),
    };
  }
}
