import { Module, type DynamicModule } from '@nestjs/common';
import { AccountModule } from './account/account.module.js';
import { AdminModule } from './admin/admin.module.js';
import { AuthModule } from './auth/auth.module.js';
import { BillingModule } from './billing/billing.module.js';
import type { Clock } from './common/clock.js';
import type { AppConfig } from './config/config.js';
import { ControlPlaneTraffic } from './control-plane-traffic.js';
import { ConfigModule } from './config/config.module.js';
import { CreditsModule } from './credits/credits.module.js';
import { DatabaseModule } from './database/database.module.js';
import { GpuModule } from './gpu/gpu.module.js';
import { HealthModule } from './health/health.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { LoadBalancerModule } from './loadbalancer/loadbalancer.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ProxyModule } from './proxy/proxy.module.js';
import { StreamingModule } from './streaming/streaming.module.js';

/** The whole service: the list of its modules, nothing else. */
@Module({})
export class AppModule {
  static forRoot(config: AppConfig, clock?: Clock): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config, clock),
        DatabaseModule.forRoot(config),
        JobsModule,
        AuthModule,
        CreditsModule,
        BillingModule,
        LoadBalancerModule,
        GpuModule,
        ProxyModule,
        StreamingModule,
        AccountModule,
        AdminModule,
        HealthModule,
        MetricsModule,
      ],
      providers: [ControlPlaneTraffic],
    };
  }
}
