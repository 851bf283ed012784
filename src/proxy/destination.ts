import type { EgressKind } from '../egress/guard.js';
import type { Stay } from './stay.js';

/** One place that a request can be sent to. */
export interface Route {
  /** scheme://host:port */
  origin: string;
  kind: EgressKind;
  /** Absent for a URL that a caller typed. */
  instanceId?: string;
  lease?: Stay;
}

/** Where a request goes: a pool, an instance or a typed URL. */
export interface Destination {
  /** The pool's key in the balancer: only a pool has other instances to try, and a budget for it. */
  poolKey?: string;
  poolName?: string;
  /** What a key's list of targets may call it: the pool; or the instance and its rental. */
  names: readonly string[];
  /** The URL that the caller typed. */
  url?: URL;
  /** Where the MCP server of a pool's instances is, with its query. */
  mcpPath?: string;
  /** Credentials for the upstream that the pool's owner filed. */
  upstreamHeaders?: Readonly<Record<string, string>>;
  /**
   * Picks, and counts the connection until the lease is released.
   * @param tried instances that have failed this request
   * @throws DomainError when there is none (left)
   */
  next(tried: ReadonlySet<string>): Route;
}
