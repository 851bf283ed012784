import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics, type Sample } from '../common/metrics/metrics.js';
import { LoadBalancerService } from './loadbalancer.service.js';

/** What this process balances over, and how it behaves. */
@Injectable()
export class BalancerMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly balancer: LoadBalancerService,
  ) {}

  onModuleInit(): void {
    const { metrics, balancer } = this;
    metrics.gauge('pools', 'Pools with members, of all users.', () => balancer.overview.pools);
    metrics.gauge('instances', 'Running instances by provider and state: serving, fenced or ejected.', () =>
      this.instances(),
    );
    metrics.counter(
      'ejections_total',
      'Times that an instance was taken out for failing.',
      () => balancer.overview.ejectionCount,
    );
    const { firstBytes } = balancer.overview;
    metrics.add('upstream_first_byte_seconds', 'Until an instance began to answer.', firstBytes);
  }

  private instances(): Sample[] {
    const counts = new Map<string, Sample>();
    for (const { provider, state } of this.balancer.overview.instances) {
      const key = `${provider} ${state}`;
      const before = counts.get(key)?.value ?? 0;
      counts.set(key, { labels: { provider, state }, value: before + 1 });
    }
    return [...counts.values()];
  }
}
