import { Body, Controller, Headers, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AdminOnly, CurrentCaller, type Caller } from '../../common/caller.js';
import { MoneyInput } from '../../common/money-input.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { GrantCreditsDto } from '../dto/grant-credits.dto.js';
import { GrantedView } from './granted.view.js';
import { Granting, type GrantOrder } from './granting.service.js';

@ApiTags('admin')
@AdminOnly()
@Controller('admin/credits')
export class AdminCreditsController {
  constructor(private readonly granting: Granting) {}

  /** Gives a user credits; once per `Idempotency-Key`. */
  @Post('grant')
  async grant(
    @CurrentCaller() caller: Caller,
    @RequestOrigin() origin: Origin,
    @Body() input: GrantCreditsDto,
    @Req() { rawBody }: { rawBody?: string },
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GrantedView> {
    const { replayed, result } = await this.granting.grant(caller, orderFrom(input, rawBody), key, origin);
    if (replayed) void reply.header('idempotent-replayed', 'true');
    return result;
  }
}

function orderFrom(input: GrantCreditsDto, rawBody: string | undefined): GrantOrder {
  const money = new MoneyInput(input, rawBody);
  const amountMicro = money.credits('credits') ?? 0;
  money.finish();
  if (amountMicro === 0) money.refuse('credits', 'credits must be more than zero');
  money.finish();
  return { userId: input.user_id, email: input.email, amountMicro, reason: input.reason };
}
