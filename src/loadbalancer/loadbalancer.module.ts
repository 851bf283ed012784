import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BalancerMetrics } from './balancer-metrics.js';
import { LoadBalancerController } from './loadbalancer.controller.js';
import { LoadBalancerService } from './loadbalancer.service.js';
import { StrategyPreference } from './strategy-preference.entity.js';
import { StrategyPreferenceRepository } from './strategy-preference.repository.js';
import { StrategyPreferences } from './strategy-preferences.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([StrategyPreference])],
  controllers: [LoadBalancerController],
  providers: [BalancerMetrics, LoadBalancerService, StrategyPreferences, StrategyPreferenceRepository],
  exports: [LoadBalancerService, StrategyPreferences],
})
export class LoadBalancerModule {}
