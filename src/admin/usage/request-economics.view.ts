import type { Page } from '../../credits/usage/page.js';
import type { UsageRecord } from '../../credits/usage/usage-record.entity.js';
import { EarningsView } from './earnings.view.js';

/** One request: what it brought and what it cost. Its shares are zero where its rental is not known. */
export class RequestEconomicsView extends EarningsView {
  id: string;
  /** When it began. */
  time: string;
  request_id: string;
  user_id: string;
  pool: string | null;
  instance_id: string | null;
  rental_id: string | null;
  protocol: string;
  status: number;
  duration_ms: number;
  /** Its share of the time in which its instance was busy. */
  busy_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;

  static ofRecord(record: UsageRecord): RequestEconomicsView {
    const { costMicro, gpuCostMicro, providerCostMicro } = record;
    return {
      id: record.id,
      time: new Date(record.at).toISOString(),
      request_id: record.requestId,
      user_id: record.userId,
      pool: record.pool,
      instance_id: record.instanceId,
      rental_id: record.rentalId,
      protocol: record.protocol,
      status: record.status,
      duration_ms: record.durationMs,
      busy_ms: record.busyMs,
      input_tokens: record.inputTokens,
      output_tokens: record.outputTokens,
      ...EarningsView.from({
        requestRevenueMicro: costMicro,
        gpuRevenueMicro: gpuCostMicro ?? 0,
        gpuCostMicro: providerCostMicro ?? 0,
      }),
    };
  }
}

export class RequestEconomicsListView {
  requests: RequestEconomicsView[];
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;

  static from({ rows, nextCursor }: Page<UsageRecord>): RequestEconomicsListView {
    return { requests: rows.map((row) => RequestEconomicsView.ofRecord(row)), next_cursor: nextCursor };
  }
}
