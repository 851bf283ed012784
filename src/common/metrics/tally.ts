import type { MetricSource, Sample } from './metrics.js';

/** Counts by the values of labels. Adding is one look-up in a map; texts are made when somebody reads. */
export class Tally implements MetricSource {
  readonly type = 'counter';
  private readonly counts = new Map<string, { values: readonly string[]; count: number }>();
  private others = 0;

  /** @param most different combinations; what comes after goes to `other`, so that nobody can fill the memory */
  constructor(
    private readonly labels: readonly string[],
    private readonly most = 1000,
  ) {}

  add(...values: readonly string[]): void {
    const key = values.length === 1 ? values[0] : values.join('\n');
    const known = this.counts.get(key);
    if (known) known.count += 1;
    else if (this.counts.size < this.most) this.counts.set(key, { values, count: 1 });
    else this.others += 1;
  }

  read(): Sample[] {
    const sample = (values: readonly string[], value: number): Sample => ({
      labels: Object.fromEntries(this.labels.map((label, index) => [label, values[index]])),
      value,
    });
    const samples = [...this.counts.values()].map(({ values, count }) => sample(values, count));
    return this.others === 0
      ? samples
      : [
          ...samples,
          sample(
            this.labels.map(() => 'other'),
            this.others,
          ),
        ];
  }
}
