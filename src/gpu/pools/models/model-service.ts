import { originOf, type InstanceDirectory } from '../instance.directory.js';
import type { RoutablePool } from '../pool.directory.js';

/** One service on an instance that can be asked for its models, with the credentials it is asked with. */
export interface ModelService {
  /** Pools that reach the same port without credentials of their own share one service. */
  key: string;
  ownerId: string;
  instanceId: string;
  /** scheme://host:port */
  origin: string;
  headers?: Readonly<Record<string, string>>;
  isServing: boolean;
}

/** The service behind one member of a pool; undefined when it runs no more or maps no port for the pool. */
export function serviceOf(
  pool: RoutablePool,
  instanceId: string,
  instances: InstanceDirectory,
): ModelService | undefined {
  const instance = instances.find(instanceId);
  if (instance?.ownerId !== pool.ownerId || !instance.hasService) return undefined;
  const origin = originOf(instance, pool.port);
  if (origin === undefined) return undefined;
  const { ownerId, isServing } = instance;
  const headers = pool.upstreamHeaders;
  const key = headers === undefined ? `${instanceId} ${origin}` : `${instanceId} ${origin} ${pool.key}`;
  return { key, ownerId, instanceId, origin, headers, isServing };
}
