import type { BalancedInstance } from './balanced-instance.js';

/** What an instance carries at this moment and how it has answered lately. */
export interface InstanceLoad {
  instanceId: string;
  ownerId: string;
  provider: string;
  activeConnections: number;
  totalConnections: number;
  /** Time to first byte, averaged over recent answers; 0 before the first. */
  averageResponseTimeMs: number;
  lastResponseTimeMs: number;
  weight: number;
  /** Epoch ms of the last connection. */
  lastUsedAt?: number;
  state: BalancedInstance['state'];
}

export function loadOf({ id, ownerId, provider, fullWeight, state, stats }: BalancedInstance): InstanceLoad {
  return {
    instanceId: id,
    ownerId,
    provider,
    activeConnections: stats.active,
    totalConnections: stats.total,
    averageResponseTimeMs: stats.responseTimes.averageMs,
    lastResponseTimeMs: stats.responseTimes.lastMs,
    weight: fullWeight,
    lastUsedAt: stats.lastUsedAt,
    state,
  };
}
