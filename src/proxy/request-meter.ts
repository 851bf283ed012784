import { Injectable, type OnModuleInit } from '@nestjs/common';
import { BucketHistogram } from '../common/metrics/bucket-histogram.js';
import { Metrics } from '../common/metrics/metrics.js';
import { Tally } from '../common/metrics/tally.js';
import { InFlight } from './in-flight.js';
import { ProxyGauges } from './gauges.js';
import type { Visit } from './visit.js';

const LEAST_STATUS = 100;
const MOST_STATUS = 599;

/** Numbers of the data plane. Per request: an addition in two places, when it is over. */
@Injectable()
export class RequestMeter implements OnModuleInit {
  private readonly requests = new Tally(['handler', 'status']);
  private readonly durations = new BucketHistogram();

  constructor(
    private readonly metrics: Metrics,
    private readonly gauges: ProxyGauges,
    private readonly inFlight: InFlight,
  ) {}

  onModuleInit(): void {
    const { metrics, gauges } = this;
    this.inFlight.onEnd((visit) => this.ended(visit));
    metrics.add('proxy_requests_total', 'Requests of the data plane, refused ones too.', this.requests);
    metrics.add(
      'proxy_request_duration_seconds',
      'From the head of a request to the end of its answer.',
      this.durations,
    );
    metrics.gauge('proxy_active', 'Requests and tunnels under way.', () => gauges.active);
    metrics.counter('proxy_outcomes_total', 'Exchanges with upstreams by outcome.', () =>
      samplesOf('outcome', gauges.outcomes),
    );
    metrics.counter('proxy_failures_total', 'Exchanges that failed, by our error code.', () =>
      samplesOf('code', gauges.failures),
    );
    metrics.counter('proxy_retries_total', 'Further tries on another instance.', () => gauges.retries);
    metrics.counter('proxy_bytes_in_total', 'Bytes of request bodies.', () => gauges.bytesIn);
    metrics.counter('proxy_bytes_out_total', 'Bytes of answers.', () => gauges.bytesOut);
  }

  /** The connection of the request is done with it, whatever became of it. */
  private ended(visit: Visit): void {
    this.requests.add(visit.match.route.handler, statusOf(visit));
    this.durations.observe(performance.now() - visit.startedAt);
  }
}

/** Upstreams may answer any number; a client that left before there was an answer is nginx's 499. */
function statusOf({ response: { headersSent, statusCode } }: Visit): string {
  if (!headersSent) return '499';
  return statusCode >= LEAST_STATUS && statusCode <= MOST_STATUS ? String(statusCode) : 'other';
}

function samplesOf(label: string, counts: ReadonlyMap<string, number>) {
  return [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));
}
