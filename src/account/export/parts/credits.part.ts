import { Injectable } from '@nestjs/common';
import { CreditsView } from '../../../credits/credits.view.js';
import { EntryHistory, type LedgerRow } from '../../../credits/ledger/entry-history.service.js';
import { LedgerService } from '../../../credits/ledger/ledger.service.js';
import { userAccount } from '../../../credits/ledger/transfer-codes.js';
import { creditsFromMicro } from '../../../common/money.js';
import { SessionView } from '../../../credits/session.view.js';
import { CreditHistory } from '../../../credits/usage/credit-history.service.js';
import { UsageView } from '../../../credits/usage.view.js';
import { allPages, single, type ExportPart, type ExportSection } from '../export-part.js';

const PAGE = 100;

/** The user's credits: what there is, how it moved, what it was used for. */
@Injectable()
export class CreditsPart implements ExportPart {
  constructor(
    private readonly ledger: LedgerService,
    private readonly entries: EntryHistory,
    private readonly history: CreditHistory,
  ) {}

  sections(): ExportSection[] {
    return [
      { name: 'credits', rows: (userId) => single(this.balance(userId)) },
      { name: 'credit_entries', rows: (userId) => this.movements(userId) },
      { name: 'credit_sessions', rows: (userId) => this.sessions(userId) },
      { name: 'usage', rows: (userId) => this.usage(userId) },
    ];
  }

  private async balance(userId: string): Promise<CreditsView> {
    return CreditsView.from(await this.ledger.balanceOf(userId));
  }

  private async *movements(userId: string): AsyncGenerator<object> {
    const account = userAccount(userId);
    const read = (cursor?: string) => this.entries.page({ account, limit: PAGE, cursor });
    for await (const row of allPages(read)) yield movementOf(row);
  }

  private async *sessions(userId: string): AsyncGenerator<SessionView> {
    const read = (cursor?: string) => this.history.sessionsOf(userId, { limit: PAGE, cursor });
    for await (const session of allPages(read)) yield SessionView.from(session);
  }

  private async *usage(userId: string): AsyncGenerator<UsageView> {
    for await (const row of this.history.allUsageOf(userId, {})) yield UsageView.from(row);
  }
}

/** As the user's statement tells it: who of the operator's people moved it is not the user's data. */
function movementOf({ entry, transfer }: LedgerRow): object {
  return {
    id: entry.id,
    time: new Date(transfer.eventAt).toISOString(),
    code: transfer.code,
    amount_credits: creditsFromMicro(entry.amountMicro),
    balance_after_credits: creditsFromMicro(entry.balanceAfterMicro ?? 0),
    reference: transfer.reference,
    reason: transfer.reason,
  };
}
