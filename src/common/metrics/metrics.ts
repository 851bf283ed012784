import { Injectable, Logger } from '@nestjs/common';
import { collectDefaultMetrics, Registry, type Metric } from 'prom-client';

/** One number, with the values of its labels. Labels have few values, and never a user, an address or a name. */
export interface Sample {
  labels: Readonly<Record<string, string>>;
  value: number;
  /** Of parts of a histogram. */
  metricName?: string;
}

/** Numbers that are read when somebody asks, and cost nothing but an addition until then. */
export interface MetricSource {
  readonly type: 'counter' | 'gauge' | 'histogram';
  read(name: string): Sample[] | Promise<Sample[]>;
}

const PREFIX = 'gpuproxy_';

/**
 * What this process has to tell Prometheus. Modules add their numbers at the start; nobody else needs to know of them.
 * prom-client writes the text and watches the process; the counting itself is ours, because its counters hash their
 * labels with every addition.
 */
@Injectable()
export class Metrics {
  private readonly logger = new Logger(Metrics.name);
  private readonly registry = new Registry();
  private isWatching = false;

  /** @param name without the product's prefix, ending in its unit, or in `_total` for counters */
  add(name: string, help: string, source: MetricSource): void {
    const fullName = `${PREFIX}${name}`;
    const get = async (): Promise<object> => ({
      name: fullName,
      help,
      type: source.type,
      aggregator: 'sum',
      values: await this.read(fullName, source),
    });
    this.registry.registerMetric({ name: fullName, get } as unknown as Metric);
  }

  /** A number that goes up and down, or several with one label or more. */
  gauge(name: string, help: string, read: () => number | Sample[] | Promise<number | Sample[]>): void {
    const samples = async (): Promise<Sample[]> => {
      const value = await read();
      return typeof value === 'number' ? [{ labels: {}, value }] : value;
    };
    this.add(name, help, { type: 'gauge', read: samples });
  }

  /** A number that only grows. */
  counter(name: string, help: string, read: () => number | Sample[]): void {
    const samples = (): Sample[] => {
      const value = read();
      return typeof value === 'number' ? [{ labels: {}, value }] : value;
    };
    this.add(name, help, { type: 'counter', read: samples });
  }

  /** Memory, CPU, event loop and garbage collection; from the first call on. */
  watchProcess(): void {
    if (this.isWatching) return;
    this.isWatching = true;
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The exposition text. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** One source that fails must not take the others with it. */
  private async read(name: string, source: MetricSource): Promise<Sample[]> {
    try {
      return await source.read(name);
    } catch (error) {
      this.logger.warn({ msg: 'metric not read', metric: name, err: error });
      return [];
    }
  }
}
