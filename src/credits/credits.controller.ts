import { Controller, Get, Query, type StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type Caller } from '../common/caller.js';
import { CreditsView } from './credits.view.js';
import { ListCreditHistoryDto } from './dto/list-credit-history.dto.js';
import { ListUsageDto } from './dto/list-usage.dto.js';
import { UsageExport } from './exports/usage-export.service.js';
import { LedgerService } from './ledger/ledger.service.js';
import { SessionListView } from './session.view.js';
import { CreditHistory } from './usage/credit-history.service.js';
import { UsageListView } from './usage.view.js';

@ApiTags('credits')
@Controller('credits')
export class CreditsController {
  constructor(
    private readonly ledger: LedgerService,
    private readonly history: CreditHistory,
    private readonly exports: UsageExport,
  ) {}

  /** The caller's credits. */
  @Get()
  @RequireScope('billing:read')
  async credits(@CurrentCaller() { userId }: Caller): Promise<CreditsView> {
    return CreditsView.from(await this.ledger.balanceOf(userId));
  }

  /** The caller's requests through the data plane, latest first: a page, or all of them as a file. */
  @Get('usage')
  @RequireScope('billing:read')
  @ApiProduces('application/json', 'text/csv', 'application/x-ndjson')
  @ApiOkResponse({ type: UsageListView })
  async usage(
    @CurrentCaller() { userId }: Caller,
    @Query() query: ListUsageDto,
  ): Promise<UsageListView | StreamableFile> {
    const { format = 'json' } = query;
    if (format !== 'json') return this.exports.file(userId, query, format);
    return UsageListView.from(await this.history.usageOf(userId, query));
  }

  /** The caller's ended sessions (rentals and runs of requests), latest first. */
  @Get('sessions')
  @RequireScope('billing:read')
  async sessions(
    @CurrentCaller() { userId }: Caller,
    @Query() query: ListCreditHistoryDto,
  ): Promise<SessionListView> {
    return SessionListView.from(await this.history.sessionsOf(userId, query));
  }
}
