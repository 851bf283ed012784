import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type Caller } from '../common/caller.js';
import { RequestOrigin, type Origin } from '../common/origin.js';
import { IdempotentPosts } from './idempotent-posts.js';
import { ListOffersDto } from './offers/dto/list-offers.dto.js';
import { OfferListView } from './offers/offer.view.js';
import { OffersService } from './offers/offers.service.js';
import { rentalTimeLimitMs } from './rental-time-limit.js';
import { CreateRentalDto } from './rentals/dto/create-rental.dto.js';
import { CreatedRentalView, DestroyedRentalView } from './rentals/rental.view.js';
import { RentalsService } from './rentals/rentals.service.js';
import { SingleRentalService } from './rentals/single-rental.service.js';

/** The seed's routes for offers and single instances. */
@ApiTags('instances')
@Controller('gpu/instances')
export class InstancesController {
  constructor(
    private readonly offers: OffersService,
    private readonly renting: SingleRentalService,
    private readonly rentals: RentalsService,
    private readonly posts: IdempotentPosts,
  ) {}

  /** What can be rented now, from all farms or one, at the price that is charged. */
  @Get()
  @RequireScope('gpu:read')
  list(@Query() query: ListOffersDto): Promise<OfferListView> {
    return this.offers.list(query);
  }

  /** Rents one offer; answers when the contract exists, not when it runs. */
  @Post(':provider/:offerId')
  @RequireScope('gpu:write', { isOpenEnded: true })
  create(
    @CurrentCaller() caller: Caller,
    @Param() at: { provider: string; offerId: string },
    @Body() body: CreateRentalDto,
    @Headers() headers: Record<string, string | undefined>,
    @Res({ passthrough: true }) reply: FastifyReply,
    @RequestOrigin() origin: Origin,
  ): Promise<CreatedRentalView> {
    const timeLimitMs = rentalTimeLimitMs(headers);
    const input = { at, body, timeLimitMs };
    const post = { caller, headers, reply, operation: 'instances.create', input };
    const wish = { at, dto: body, timeLimitMs, origin };
    return this.posts.once(post, async (attempt) =>
      CreatedRentalView.from(await this.renting.rent(caller.userId, wish, attempt)),
    );
  }

  /** Ends a rental by contract, instance or rental id; repeated, it tells the state. */
  @Delete(':provider/:id')
  @HttpCode(200)
  @RequireScope('gpu:write')
  destroy(
    @CurrentCaller() caller: Caller,
    @Param('provider') provider: string,
    @Param('id') id: string,
    @RequestOrigin() origin: Origin,
  ): Promise<DestroyedRentalView> {
    return this.rentals.destroy(caller.userId, provider, id, origin);
  }
}
