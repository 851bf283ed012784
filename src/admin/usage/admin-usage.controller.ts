import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { Economics } from '../../credits/economics/economics.service.js';
import { AdminLog } from '../admin-log.js';
import { ListRequestsDto } from '../dto/list-requests.dto.js';
import { ReadUsageDto } from '../dto/read-usage.dto.js';
import { EarningsView } from './earnings.view.js';
import { RequestEconomicsListView } from './request-economics.view.js';
import { cursorAfter, requestsQueryFrom, usageQueryFrom } from './usage-query.js';
import { AdminUsageView, UsageSumsView } from './usage-sums.view.js';

@ApiTags('admin')
@AdminOnly()
@Controller('admin/usage')
export class AdminUsageController {
  constructor(
    private readonly economics: Economics,
    private readonly clock: Clock,
    private readonly log: AdminLog,
  ) {}

  /** What requests earned and cost, by user, pool and day, and what the ledger booked in that time. */
  @Get()
  async read(@RequestOrigin() origin: Origin, @Query() input: ReadUsageDto): Promise<AdminUsageView> {
    await this.log.record(origin, { action: 'usage.viewed', subjectId: input.user_id });
    const { range, groups, page } = usageQueryFrom(input, this.clock.now());
    const sums = await this.economics.usage(range, groups, { ...page, limit: page.limit + 1 });
    return {
      from: new Date(range.from).toISOString(),
      to: new Date(range.to).toISOString(),
      usage: sums.slice(0, page.limit).map((one) => UsageSumsView.from(one)),
      booked: EarningsView.from(await this.economics.booked(range)),
      next_cursor: sums.length > page.limit ? cursorAfter(page) : null,
    };
  }

  /** What each request earned and cost, latest first. */
  @Get('requests')
  async requests(
    @RequestOrigin() origin: Origin,
    @Query() input: ListRequestsDto,
  ): Promise<RequestEconomicsListView> {
    await this.log.record(origin, { action: 'usage.viewed', subjectId: input.user_id });
    const { range, page } = requestsQueryFrom(input, this.clock.now());
    return RequestEconomicsListView.from(await this.economics.requests(range, page));
  }
}
