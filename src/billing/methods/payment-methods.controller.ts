import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type Caller } from '../../common/caller.js';
import { parsePaymentPreference } from '../cards/payment-preference.js';
import { SaveMethodDto } from './dto/save-method.dto.js';
import { MethodSaving } from './method-saving.service.js';
import { PaymentMethodListView, SavedMethodView } from './payment-method.view.js';
import { PaymentMethods } from './payment-methods.service.js';

@ApiTags('billing')
@Controller('billing/methods')
export class PaymentMethodsController {
  constructor(
    private readonly methods: PaymentMethods,
    private readonly saving: MethodSaving,
  ) {}

  /** The caller's saved cards, latest first; the latest is the default. */
  @Get()
  @RequireScope('billing:read')
  async list(@CurrentCaller() { userId }: Caller): Promise<PaymentMethodListView> {
    return PaymentMethodListView.from(await this.methods.listOf(userId));
  }

  /** Saves a card without a payment, for automatic renewal and later payments. */
  @Post()
  @RequireScope('billing:write')
  @ApiHeader({ name: 'X-Preferred-Payment', required: false, description: 'card:pm_… or card:tok_…' })
  async save(
    @CurrentCaller() { userId }: Caller,
    @Body() { provider = 'stripe', return_url: returnUrl }: SaveMethodDto,
    @Headers('x-preferred-payment') header: string | undefined,
  ): Promise<SavedMethodView> {
    const preference = parsePaymentPreference(header);
    return SavedMethodView.from(await this.saving.save({ userId, provider, preference, returnUrl }));
  }

  /** Forgets a saved card, here and at its processor. */
  @Delete(':id')
  @HttpCode(204)
  @RequireScope('billing:write')
  remove(@CurrentCaller() { userId }: Caller, @Param('id') id: string): Promise<void> {
    return this.saving.remove(userId, id);
  }
}
