import { Body, Controller, Get, Put, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type Caller } from '../../common/caller.js';
import { AutoRenewDto } from '../dto/auto-renew.dto.js';
import { AutoRenewRules } from './auto-renew-rules.service.js';
import { AutoRenewView } from './auto-renew.view.js';
import { ruleFrom } from './rule-from-input.js';

@ApiTags('credits')
@Controller('credits/auto-renew')
export class AutoRenewController {
  constructor(private readonly rules: AutoRenewRules) {}

  /** How the caller's credits are renewed. */
  @Get()
  @RequireScope('billing:read')
  async show(@CurrentCaller() { userId }: Caller): Promise<AutoRenewView> {
    return AutoRenewView.from(await this.rules.find(userId), await this.rules.renewedThisMonth(userId));
  }

  /** Sets how the caller's credits are renewed. */
  @Put()
  @RequireScope('billing:write')
  async set(
    @CurrentCaller() { userId }: Caller,
    @Body() input: AutoRenewDto,
    @Req() { rawBody }: { rawBody?: string },
  ): Promise<AutoRenewView> {
    if (input.enabled) await this.rules.set(ruleFrom(userId, input, rawBody));
    else await this.rules.disable(userId);
    return this.show({ userId } as Caller);
  }
}
