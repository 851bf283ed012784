import { Body, Controller, Headers, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AdminOnly, CurrentCaller, type Caller } from '../../common/caller.js';
import { IdempotencyService } from '../../database/idempotency.service.js';
import { readOptionalAmount } from '../payments/amount.js';
import type { RequestWithRawBody } from '../raw-body.js';
import { RefundPaymentDto } from './dto/refund-payment.dto.js';
import { RefundedPaymentView } from './refund.view.js';
import { RefundsService } from './refunds.service.js';

@ApiTags('admin')
@Controller('admin/payments')
@AdminOnly()
export class RefundsController {
  constructor(
    private readonly refunds: RefundsService,
    private readonly idempotency: IdempotencyService,
  ) {}

  /** Gives money back to where it came from and takes the credits. */
  @Post(':id/refund')
  @HttpCode(201)
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  async refund(
    @CurrentCaller() { userId: actorId }: Caller,
    @Param('id') paymentId: string,
    @Body() body: RefundPaymentDto,
    @Headers('idempotency-key') key: string | undefined,
    @Req() { rawBody }: RequestWithRawBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RefundedPaymentView> {
    const { reason, force: isForced = false } = body;
    const amountMicro = readOptionalAmount(body, rawBody);
    const order = { paymentId, amountMicro, reason, isForced, actorId, requestKey: key };
    const request = { userId: actorId, key, input: { operation: 'admin.refund', ...order } };
    const { result, replayed } = await this.idempotency.execute(request, async () =>
      RefundedPaymentView.from(await this.refunds.refund(order)),
    );
    if (replayed) void reply.header('idempotent-replayed', 'true');
    return result;
  }
}
