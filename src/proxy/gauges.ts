import { Injectable } from '@nestjs/common';
import type { ExchangeReport } from './exchange.js';
import { InFlight } from './in-flight.js';

/** What the data plane has done since the start, for /metrics. */
@Injectable()
export class ProxyGauges {
  /** Exchanges by outcome: success, error, aborted, timeout. */
  readonly outcomes = new Map<string, number>();
  /** Refusals and failures by our code. */
  readonly failures = new Map<string, number>();
  retries = 0;
  bytesIn = 0;
  bytesOut = 0;

  constructor(private readonly inFlight: InFlight) {}

  /** Requests and tunnels under way. */
  get active(): number {
    return this.inFlight.active;
  }

  count(report: ExchangeReport, bytesIn: number): void {
    increment(this.outcomes, report.outcome);
    if (report.error) increment(this.failures, report.error.code);
    this.retries += Math.max(0, report.attempts - 1);
    this.bytesIn += bytesIn;
    this.bytesOut += report.bytesOut;
  }
}

function increment(counters: Map<string, number>, name: string): void {
  counters.set(name, (counters.get(name) ?? 0) + 1);
}
