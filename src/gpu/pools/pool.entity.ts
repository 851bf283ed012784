import { Entity, Index, Unique } from 'typeorm';
import { Count, Id, Instant, Json, Reference, Text } from '../../database/columns.js';

export const POOL_PROTOCOLS = ['http', 'openai', 'openinference', 'mcp'] as const;
export type PoolProtocol = (typeof POOL_PROTOCOLS)[number];

/** The pool that everybody has: all running rentals. A row exists only when its owner changed a setting. */
export const DEFAULT_POOL = 'default';
export const DEFAULT_MCP_PATH = '/mcp';

/** A named set of a user's rentals that serve the same thing. */
@Entity('pools')
@Unique(['userId', 'name'])
export class Pool {
  @Id()
  id: string;

  @Reference()
  userId: string;

  @Text({ length: 64 })
  name: string;

  /** Balancing strategy; null = the owner's default. */
  @Text({ nullable: true, length: 32 })
  strategy: string | null;

  @Text({ length: 16 })
  protocol: PoolProtocol;

  /** Container port; null = the first mapped one. */
  @Count({ nullable: true })
  port: number | null;

  @Text({ nullable: true, length: 512 })
  healthPath: string | null;

  @Count({ nullable: true })
  healthPort: number | null;

  /** Models that its instances serve, as its owner declared them. */
  @Json({ nullable: true })
  models: string[] | null;

  @Text({ length: 512 })
  mcpPath: string;

  /** Headers for the upstream, credentials mostly: sealed. */
  @Text({ nullable: true })
  upstreamHeadersSealed: string | null;

  @Instant()
  createdAt: number;
}

@Entity('pool_members')
@Unique(['poolId', 'rentalId'])
@Index(['rentalId'])
export class PoolMember {
  @Id()
  id: string;

  @Reference()
  poolId: string;

  @Reference()
  rentalId: string;
}

/** When something last changed that routing depends on, per owner: other processes read it to follow. */
@Entity('routing_changes')
export class RoutingChange {
  /** The owner's id. */
  @Id()
  id: string;

  @Instant()
  changedAt: number;
}
