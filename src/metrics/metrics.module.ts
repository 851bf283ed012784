import { Module } from '@nestjs/common';
import { RedisModule } from '../redis/redis.module.js';
import { ControlPlaneMetrics } from './control-plane.metrics.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsServer } from './metrics.server.js';
import { ServiceMetrics } from './service-metrics.js';

/** Where Prometheus reads. The numbers themselves are declared beside the code that moves them. */
@Module({
  imports: [RedisModule],
  controllers: [MetricsController],
  providers: [ControlPlaneMetrics, MetricsServer, ServiceMetrics],
})
export class MetricsModule {}
