import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../common/caller.js';
import { LedgerReport } from '../../credits/ledger/ledger-report.js';
import { StatsRepository } from './stats.repository.js';
import { LedgerStatsView, StatsView } from './stats.view.js';

@ApiTags('admin')
@AdminOnly()
@Controller('admin/stats')
export class AdminStatsController {
  constructor(
    private readonly stats: StatsRepository,
    private readonly ledger: LedgerReport,
  ) {}

  /** Users, rentals, requests and credits of the whole installation. */
  @Get()
  async show(): Promise<StatsView> {
    return {
      users: await this.stats.count('users'),
      requests: await this.stats.count('usage_records'),
      rentals: await this.stats.rentalsByState(),
      ledger: LedgerStatsView.from(await this.ledger.overview()),
    };
  }
}
