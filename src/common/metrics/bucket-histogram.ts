import type { MetricSource, Sample } from './metrics.js';

/** Milliseconds; the last bucket is everything above. */
const UPPER_BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000];
const MS_PER_SECOND = 1000;

/** How long things took. Observing is a walk over 14 numbers at most, and two additions. */
export class BucketHistogram implements MetricSource {
  readonly type = 'histogram';
  private readonly buckets = UPPER_BOUNDS_MS.map(() => 0);
  private count = 0;
  private sumMs = 0;

  observe(ms: number): void {
    this.count += 1;
    this.sumMs += ms;
    const index = UPPER_BOUNDS_MS.findIndex((bound) => ms <= bound);
    if (index >= 0) this.buckets[index] += 1;
  }

  /** In seconds, cumulative, as Prometheus wants it. */
  read(name: string): Sample[] {
    let below = 0;
    const buckets = UPPER_BOUNDS_MS.map((bound, index) => {
      below += this.buckets[index];
      return { metricName: `${name}_bucket`, labels: { le: String(bound / MS_PER_SECOND) }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: this.count },
      { metricName: `${name}_sum`, labels: {}, value: this.sumMs / MS_PER_SECOND },
      { metricName: `${name}_count`, labels: {}, value: this.count },
    ];
  }
}
