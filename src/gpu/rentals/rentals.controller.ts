import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type Caller } from '../../common/caller.js';
import { IdempotentPosts } from '../idempotent-posts.js';
import { ExtendRentalDto } from './dto/extend-rental.dto.js';
import { ListRentalsDto } from './dto/list-rentals.dto.js';
import { ReadLogsDto } from './dto/read-logs.dto.js';
import { RentalCatalogue } from './rental-catalogue.service.js';
import { RentalListView, RentalLogsView, RentalView } from './rental.view.js';
import { RentalsService } from './rentals.service.js';

@ApiTags('rentals')
@Controller('gpu/rentals')
export class RentalsController {
  constructor(
    private readonly rentals: RentalsService,
    private readonly catalogue: RentalCatalogue,
    private readonly posts: IdempotentPosts,
  ) {}

  /** What I hold and held, in which state and why, and what it has cost. */
  @Get()
  @RequireScope('gpu:read')
  list(@CurrentCaller() caller: Caller, @Query() query: ListRentalsDto): Promise<RentalListView> {
    return this.catalogue.list(caller.userId, query);
  }

  /** One rental. */
  @Get(':id')
  @RequireScope('gpu:read')
  get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<RentalView> {
    return this.catalogue.get(caller.userId, id);
  }

  /** Buys more hours of a rental whose farm is paid ahead. */
  @Post(':id/extend')
  @HttpCode(200)
  @RequireScope('gpu:write', { isOpenEnded: true })
  extend(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: ExtendRentalDto,
    @Headers() headers: Record<string, string | undefined>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RentalView> {
    const post = { caller, headers, reply, operation: 'rentals.extend', input: { id, body } };
    return this.posts.once(post, async (attempt) => {
      await this.rentals.extend(await this.catalogue.requireOwned(caller.userId, id), body.hours, attempt);
      return this.catalogue.get(caller.userId, id);
    });
  }

  /** The last lines of the container's output. */
  @Get(':id/logs')
  @RequireScope('gpu:read')
  logs(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: ReadLogsDto,
  ): Promise<RentalLogsView> {
    return this.catalogue.logs(caller.userId, id, query.tail);
  }
}
