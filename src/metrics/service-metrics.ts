import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventBus } from '../common/event-bus.js';
import { Lifecycle } from '../common/lifecycle.js';
import { Metrics } from '../common/metrics/metrics.js';
import { Tally } from '../common/metrics/tally.js';
import { productVersion } from '../common/product-version.js';
import { SECURITY_NOTED, type SecurityNote } from '../common/security-note.js';
import { AppConfig } from '../config/config.js';
import { RedisCommands } from '../redis/redis-commands.js';

/** Numbers of the service as a whole. */
@Injectable()
export class ServiceMetrics implements OnModuleInit {
  private readonly refusals = new Tally(['action']);

  constructor(
    private readonly metrics: Metrics,
    private readonly config: AppConfig,
    private readonly lifecycle: Lifecycle,
    private readonly redis: RedisCommands,
    private readonly events: EventBus,
  ) {}

  onModuleInit(): void {
    const { metrics } = this;
    const { token, port } = this.config.metrics;
    if (token !== undefined || port !== undefined) metrics.watchProcess();
    this.events.on(SECURITY_NOTED, ({ data }) => this.refusals.add((data as SecurityNote).action));
    metrics.add('security_refusals_total', 'What was refused and went to the audit log.', this.refusals);
    metrics.gauge('info', 'What runs here.', () => [{ labels: this.labels(), value: 1 }]);
    metrics.gauge('draining', '1 while this process is on its way out.', () =>
      Number(this.lifecycle.isDraining),
    );
    if (this.redis.isConfigured) {
      metrics.gauge('redis_up', '1 while Redis answers; without it limits are counted per process.', () =>
        Number(this.redis.isAvailable),
      );
    }
  }

  private labels(): Record<string, string> {
    return {
      version: productVersion(),
      database: this.config.database.type,
      session_mode: this.config.sessions.mode,
    };
  }
}
