import { formatCredits, creditsFromMicro } from '../../../common/money.js';
import { LedgerService } from '../../../credits/ledger/ledger.service.js';
import { CreditsView } from '../../../credits/credits.view.js';
import { CreditHistory } from '../../../credits/usage/credit-history.service.js';
import type { UsageRecord } from '../../../credits/usage/usage-record.entity.js';
import { UsersService } from '../../../users/users.service.js';
import type { Column } from '../../table.js';
import type { AdminCommand } from '../command.js';

const LATEST = 20;

const COLUMNS: readonly Column<UsageRecord>[] = [
  { title: 'time', cell: ({ at }) => new Date(at).toISOString() },
  { title: 'pool', cell: ({ pool }) => pool ?? '-' },
  { title: 'instance', cell: ({ instanceId }) => instanceId ?? '-' },
  { title: 'protocol', cell: ({ protocol }) => protocol },
  { title: 'status', align: 'right', cell: ({ status }) => String(status) },
  { title: 'ms', align: 'right', cell: ({ durationMs }) => String(durationMs) },
  { title: 'tokens in', align: 'right', cell: ({ inputTokens }) => String(inputTokens ?? '-') },
  { title: 'tokens out', align: 'right', cell: ({ outputTokens }) => String(outputTokens ?? '-') },
  { title: 'credits', align: 'right', cell: ({ costMicro }) => String(creditsFromMicro(costMicro)) },
];

export const usage: AdminCommand = {
  name: 'usage',
  summary: "an account's credits and its latest requests",
  arguments: ['EMAIL'],
  async run({ args: [email], open, output }) {
    const app = await open();
    const user = await app.get(UsersService).requireByEmail(email);
    const balance = await app.get(LedgerService).balanceOf(user.id);
    const { rows } = await app.get(CreditHistory).usageOf(user.id, { limit: LATEST });
    await output.result({ email: user.email, ...CreditsView.from(balance), requests: rows }, async () => {
      output.fields([
        ['account', user.email],
        ['remaining', formatCredits(balance.remainingMicro)],
        ['held', formatCredits(balance.heldMicro)],
        ['used this month', formatCredits(balance.usedMicro)],
        ['overage', formatCredits(balance.overageMicro)],
        ['cap', formatCredits(balance.capMicro)],
      ]);
      output.line(rows.length > 0 ? `\nlatest ${rows.length} requests` : '\nno requests yet');
      if (rows.length > 0) await output.table(COLUMNS, rows);
    });
  },
};
