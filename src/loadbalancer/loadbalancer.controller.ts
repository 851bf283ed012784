import { Body, Controller, Get, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type Caller } from '../common/caller.js';
import { ChooseStrategyDto } from './dto/choose-strategy.dto.js';
import { LoadQueryDto } from './dto/load-query.dto.js';
import { InstanceLoadView, LoadsView } from './load.view.js';
import { LoadBalancerService } from './loadbalancer.service.js';
import { StrategyView } from './strategy.view.js';
import { StrategyPreferences } from './strategy-preferences.service.js';

@ApiTags('load balancing')
@Controller('loadbalancer')
export class LoadBalancerController {
  constructor(
    private readonly balancer: LoadBalancerService,
    private readonly preferences: StrategyPreferences,
  ) {}

  /** The caller's default strategy: their choice, else the operator's. */
  @Get('strategy')
  @RequireScope('gpu:read')
  async strategy(@CurrentCaller() { userId }: Caller): Promise<StrategyView> {
    return StrategyView.from(await this.preferences.of(userId));
  }

  /** Sets the caller's default strategy; pools with a strategy of their own keep it. */
  @Put('strategy')
  @RequireScope('gpu:write')
  async chooseStrategy(
    @CurrentCaller() { userId }: Caller,
    @Body() { strategy }: ChooseStrategyDto,
  ): Promise<StrategyView> {
    return StrategyView.chosen(await this.preferences.choose(userId, strategy));
  }

  /** What the caller's instances carry at this moment. */
  @Get('loads')
  @RequireScope('gpu:read')
  async loads(@CurrentCaller() { userId }: Caller): Promise<LoadsView> {
    return LoadsView.from(await this.preferences.of(userId), this.balancer.loadsOf(userId));
  }

  /** What one of the caller's instances carries at this moment. */
  @Get('load')
  @RequireScope('gpu:read')
  load(@CurrentCaller() { userId }: Caller, @Query() { instance_id }: LoadQueryDto): InstanceLoadView {
    return InstanceLoadView.from(this.balancer.ownedLoad(userId, instance_id));
  }
}
