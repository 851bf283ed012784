import { Body, Controller, Get, Headers, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type Caller } from '../../common/caller.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { CursorQueryDto } from '../../common/cursor.js';
import type { RequestWithRawBody } from '../raw-body.js';
import { CreatePaymentDto } from './dto/create-payment.dto.js';
import { NextActionBox } from './next-action-box.js';
import { PaymentRequests } from './payment-requests.js';
import { PaymentsService } from './payments.service.js';
import { PaymentView, SingleTransactionView, TransactionListView } from './payment.view.js';

type RequestHeaders = Readonly<Record<string, string | undefined>>;

@ApiTags('billing')
@Controller('billing')
export class PaymentsController {
  constructor(
    private readonly requests: PaymentRequests,
    private readonly payments: PaymentsService,
    private readonly nextActions: NextActionBox,
  ) {}

  /** Buys credits: 1 USD = 1 credit, there as soon as the processor has confirmed that the money arrived. */
  @Post('payment')
  @RequireScope('billing:write')
  @ApiHeader({ name: 'X-Billing', required: false, description: 'Stripe, Crypto or AfterDark' })
  @ApiHeader({
    name: 'X-Preferred-Payment',
    required: false,
    description: 'card:pm_…, card:tok_…, card:saved, card:checkout or crypto:network[:wallet]',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  async pay(
    @CurrentCaller() { userId }: Caller,
    @Body() body: CreatePaymentDto,
    @Headers() headers: RequestHeaders,
    @Req() { rawBody }: RequestWithRawBody,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    const { view, isReplay } = await this.requests.pay({ userId, body, headers, rawBody, origin });
    if (isReplay) void reply.header('idempotent-replayed', 'true');
    return view;
  }

  /** The caller's payments, latest first. */
  @Get('transactions')
  @RequireScope('billing:read')
  async list(
    @CurrentCaller() { userId }: Caller,
    @Query() query: CursorQueryDto,
  ): Promise<TransactionListView> {
    return TransactionListView.from(await this.payments.listOwn(userId, query));
  }

  /** One payment, with what is left for the payer to do. */
  @Get('transactions/:id')
  @RequireScope('billing:read')
  async find(@CurrentCaller() { userId }: Caller, @Param('id') id: string): Promise<SingleTransactionView> {
    const payment = await this.payments.findOwn(userId, id);
    return SingleTransactionView.from(payment, this.nextActions.open(payment));
  }
}
