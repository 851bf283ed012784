import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type Caller } from '../../common/caller.js';
import { CursorQueryDto } from '../../common/cursor.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { IdempotentPosts } from '../idempotent-posts.js';
import { rentalTimeLimitMs } from '../rental-time-limit.js';
import { BatchService } from './batch.service.js';
import { BatchDto } from './dto/batch.dto.js';
import { ReserveDto } from './dto/reserve.dto.js';
import { InterruptedBatches } from './interrupted-batches.service.js';
import { ReservationCatalogue } from './reservation-catalogue.service.js';
import { BatchView, ReservationListView, ReservationView } from './reservation.view.js';
import { ReservationsService } from './reservations.service.js';

type RequestHeaders = Record<string, string | undefined>;

@ApiTags('reservations')
@Controller('gpu')
export class ReservationsController {
  constructor(
    private readonly reservations: ReservationsService,
    private readonly catalogue: ReservationCatalogue,
    private readonly batches: BatchService,
    private readonly interrupted: InterruptedBatches,
    private readonly posts: IdempotentPosts,
  ) {}

  /** Rents up to 16 instances, balanced as one pool. `Prefer: respond-async` answers 202 at once. */
  @Post('instances/reserve')
  @RequireScope('gpu:write', { isOpenEnded: true })
  reserve(
    @CurrentCaller() caller: Caller,
    @Body() body: ReserveDto,
    @Headers() headers: RequestHeaders,
    @Res({ passthrough: true }) reply: FastifyReply,
    @RequestOrigin() origin: Origin,
  ): Promise<ReservationView> {
    const timeLimitMs = rentalTimeLimitMs(headers);
    const isAsync = /\brespond-async\b/i.test(headers.prefer ?? '');
    if (isAsync) void reply.status(202).header('preference-applied', 'respond-async');
    const input = { body, timeLimitMs, isAsync };
    const post = { caller, headers, reply, operation: 'instances.reserve', input };
    return this.posts.once(post, async ({ id, isRepeat }) => {
      const begun = isRepeat ? await this.catalogue.resume(caller.userId, id, isAsync) : undefined;
      if (begun) return begun;
      const reserve = isAsync ? this.reservations.reserveLater : this.reservations.reserve;
      const wish = { dto: body, timeLimitMs, origin };
      return this.catalogue.view(await reserve.call(this.reservations, id, caller.userId, wish));
    });
  }

  /** Up to 8 instances of each farm, as many as there are. */
  @Post('instances/batch')
  @RequireScope('gpu:write', { isOpenEnded: true })
  batch(
    @CurrentCaller() caller: Caller,
    @Body() body: BatchDto,
    @Headers() headers: RequestHeaders,
    @Res({ passthrough: true }) reply: FastifyReply,
    @RequestOrigin() origin: Origin,
  ): Promise<BatchView> {
    const timeLimitMs = rentalTimeLimitMs(headers);
    const post = { caller, headers, reply, operation: 'instances.batch', input: { body, timeLimitMs } };
    return this.posts.once(post, async (attempt) => {
      const begun = attempt.isRepeat ? await this.interrupted.resume(attempt.id) : undefined;
      const id = attempt.isRepeatable ? attempt.id : undefined;
      return begun ?? this.batches.rent(caller.userId, body, { id, timeLimitMs, origin });
    });
  }

  /** My reservations, newest first. */
  @Get('reservations')
  @RequireScope('gpu:read')
  list(@CurrentCaller() caller: Caller, @Query() query: CursorQueryDto): Promise<ReservationListView> {
    return this.catalogue.list(caller.userId, query);
  }

  /** One reservation: pending until all its members run. */
  @Get('reservations/:id')
  @RequireScope('gpu:read')
  get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ReservationView> {
    return this.catalogue.get(caller.userId, id);
  }

  /** Ends all its instances. */
  @Delete('reservations/:id')
  @HttpCode(200)
  @RequireScope('gpu:write')
  cancel(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<ReservationView> {
    return this.catalogue.cancel(caller.userId, id);
  }
}
