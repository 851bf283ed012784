import { createHash } from 'node:crypto';
import type { EgressKind } from '../../../egress/guard.js';

/** Bytes that went and came, for the usage row. */
export interface Tally {
  bytesIn: number;
  bytesOut: number;
}

/** The MCP server that a call is for, and all that is the same in each request to it. */
export interface McpTarget {
  tenant: string;
  /** scheme://host:port */
  origin: string;
  kind: EgressKind;
  /** With its query. */
  path: string;
  /** Flat: the caller's, credentials and ours. */
  headers: readonly string[];
  /** Sessions and what was learned of the server may be shared by targets with the same key. */
  key: string;
  tally: Tally;
}

/** Of tenant, place and everything that may be a credential; a hash, because the last of these is secret. */
export function targetKey(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
