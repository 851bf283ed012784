import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics, type Sample } from '../common/metrics/metrics.js';
import { GPU_PROVIDERS, type GpuProvider } from './gpu-provider.js';

/** How the farms answer. */
@Injectable()
export class ProviderMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    @Inject(GPU_PROVIDERS) private readonly providers: readonly GpuProvider[],
  ) {}

  onModuleInit(): void {
    this.metrics.counter('farm_calls_total', 'Calls to the farms by what came of them.', () =>
      this.providers.flatMap((provider) => samplesOf(provider)),
    );
  }
}

function samplesOf({ name, callOutcomes }: GpuProvider): Sample[] {
  const samples = callOutcomes?.read() ?? [];
  return samples.map(({ labels, value }) => ({ labels: { provider: name, ...labels }, value }));
}
