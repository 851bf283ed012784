import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../common/caller.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { EntryHistory } from '../../credits/ledger/entry-history.service.js';
import { LedgerVerifier } from '../../credits/ledger/ledger-verifier.js';
import { userAccount } from '../../credits/ledger/transfer-codes.js';
import { AdminLog } from '../admin-log.js';
import { ListEntriesDto } from '../dto/list-entries.dto.js';
import { EntryListView } from './entry.view.js';
import { VerdictView } from './verdict.view.js';

@ApiTags('admin')
@AdminOnly()
@Controller('admin/ledger')
export class AdminLedgerController {
  constructor(
    private readonly history: EntryHistory,
    private readonly verifier: LedgerVerifier,
    private readonly log: AdminLog,
  ) {}

  /** Entries of all accounts or of one, latest first. */
  @Get('entries')
  async entries(
    @RequestOrigin() origin: Origin,
    @Query() { user_id: userId, account = userId && userAccount(userId), limit, cursor }: ListEntriesDto,
  ): Promise<EntryListView> {
    const page = await this.history.page({ account, limit, cursor });
    await this.log.record(origin, { action: 'ledger.viewed', target: account, subjectId: userId });
    return EntryListView.from(page);
  }

  /** Computes the whole ledger anew. It reads everything: not for every minute. */
  @Get('verify')
  async verify(): Promise<VerdictView> {
    return VerdictView.from(await this.verifier.verify());
  }
}
