import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { Lifecycle } from '../common/lifecycle.js';
import { Metrics } from '../common/metrics/metrics.js';
import { AppConfig } from './config.js';

/** What every module may inject without importing anything: the configuration, the clock, the event bus and the metrics. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(config: AppConfig, clock: Clock = new SystemClock()): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: AppConfig, useValue: config },
        { provide: Clock, useValue: clock },
        EventBus,
        Lifecycle,
        Metrics,
      ],
      exports: [AppConfig, Clock, EventBus, Lifecycle, Metrics],
    };
  }
}
