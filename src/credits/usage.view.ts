import { creditsFromMicro } from '../common/money.js';
import type { Page } from './usage/page.js';
import type { UsageRecord } from './usage/usage-record.entity.js';

/** One request through the data plane. */
export class UsageView {
  id: string;
  /** When it began. */
  time: string;
  request_id: string;
  pool: string | null;
  instance_id: string | null;
  protocol: string;
  route: string;
  /** HTTP status of the answer. */
  status: number;
  duration_ms: number;
  input_tokens: number | null;
  output_tokens: number | null;
  /** What the request itself was charged. */
  cost_credits: number;
  /** Its share of what the rental costs, in the time it kept the instance busy; for information, null when unknown. */
  gpu_cost_credits: number | null;

  static from(record: UsageRecord): UsageView {
    const { gpuCostMicro } = record;
    return {
      id: record.id,
      time: new Date(record.at).toISOString(),
      request_id: record.requestId,
      pool: record.pool,
      instance_id: record.instanceId,
      protocol: record.protocol,
      route: record.route,
      status: record.status,
      duration_ms: record.durationMs,
      input_tokens: record.inputTokens,
      output_tokens: record.outputTokens,
      cost_credits: creditsFromMicro(record.costMicro),
      gpu_cost_credits: gpuCostMicro === null ? null : creditsFromMicro(gpuCostMicro),
    };
  }
}

export class UsageListView {
  usage: UsageView[];
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;

  static from({ rows, nextCursor }: Page<UsageRecord>): UsageListView {
    return { usage: rows.map((row) => UsageView.from(row)), next_cursor: nextCursor };
  }
}
