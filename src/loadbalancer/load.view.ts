import { ApiProperty, ApiExtraModels, getSchemaPath } from '@nestjs/swagger';
import { formatDuration } from '../common/duration.js';
import type { InstanceLoad } from './instance-load.js';
import { STRATEGY_NAMES, type StrategyName } from './strategies/index.js';

export class InstanceLoadView {
  instance_id: string;
  provider: string;
  /** Connections open now. */
  active_connections: number;
  /** Connections since this process knows the instance. */
  total_connections: number;
  /** Time to first byte, averaged over recent answers; text like `250ms` or `1.5s`. */
  avg_response_time: string;
  /** Time to first byte of the latest answer. */
  last_response_time: string;
  avg_response_time_ms: number;
  /** Relative capacity: twice the weight takes twice the requests where the strategy looks at weights. */
  weight: number;
  /** When the last connection was opened; null before the first. */
  last_used: string | null;
  /** `serving`: may be picked; `fenced`: keeps what it has; `ejected`: left alone for a while after failures. */
  state: 'serving' | 'fenced' | 'ejected';

  static from(load: InstanceLoad): InstanceLoadView {
    return {
      instance_id: load.instanceId,
      provider: load.provider,
      active_connections: load.activeConnections,
      total_connections: load.totalConnections,
      avg_response_time: formatDuration(load.averageResponseTimeMs),
      last_response_time: formatDuration(load.lastResponseTimeMs),
      avg_response_time_ms: Math.round(load.averageResponseTimeMs),
      weight: load.weight,
      last_used: load.lastUsedAt === undefined ? null : new Date(load.lastUsedAt).toISOString(),
      state: load.state,
    };
  }
}

@ApiExtraModels(InstanceLoadView)
export class LoadsView {
  /** The caller's default strategy. */
  @ApiProperty({ enum: STRATEGY_NAMES })
  strategy: StrategyName;

  count: number;

  /** By instance id. */
  @ApiProperty({ type: 'object', additionalProperties: { $ref: getSchemaPath(InstanceLoadView) } })
  loads: Record<string, InstanceLoadView>;

  static from(strategy: StrategyName, loads: readonly InstanceLoad[]): LoadsView {
    const entries = loads.map((load) => [load.instanceId, InstanceLoadView.from(load)] as const);
    return { strategy, count: loads.length, loads: Object.fromEntries(entries) };
  }
}
