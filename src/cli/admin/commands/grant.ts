import { AuditLog } from '../../../audit/audit-log.js';
import { creditsFromMicro, formatCredits, microFromCredits } from '../../../common/money.js';
import { newId } from '../../../common/id.js';
import { OPERATOR } from '../../../common/origin.js';
import { LedgerService } from '../../../credits/ledger/ledger.service.js';
import { CreditsView } from '../../../credits/credits.view.js';
import { UsersService } from '../../../users/users.service.js';
import { UsageError } from '../../flags.js';
import type { AdminCommand } from '../command.js';

export const grant: AdminCommand = {
  name: 'grant',
  summary: 'give an account credits (1 credit = 1 USD)',
  arguments: ['EMAIL', 'CREDITS', '[REASON]'],
  async run({ args: [email, credits, reason = 'granted by the operator'], open, output }) {
    const amountMicro = readCredits(credits);
    const app = await open();
    const user = await app.get(UsersService).requireByEmail(email);
    const ledger = app.get(LedgerService);
    const event = {
      action: 'credits.granted',
      origin: OPERATOR,
      subjectId: user.id,
      target: `user:${user.id}`,
      details: { credits: creditsFromMicro(amountMicro), reason },
    } as const;
    const order = { userId: user.id, amountMicro, reason, idempotencyKey: `grant:cli:${newId()}` };
    await ledger.grant(order, (manager) => app.get(AuditLog).append(event, manager));
    const balance = await ledger.balanceOf(user.id);
    await output.result({ email: user.email, ...CreditsView.from(balance) }, () =>
      output.line(`${user.email} has ${formatCredits(balance.remainingMicro)} credits now`),
    );
  },
};

function readCredits(text: string): number {
  try {
    const amountMicro = microFromCredits(text);
    if (amountMicro > 0) return amountMicro;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new UsageError(`CREDITS must be a positive amount with at most 6 decimals, not "${text}"`);
}
