import { Entity, Index } from 'typeorm';
import { Id, Instant, Reference } from '../../database/columns.js';

/**
 * Which of a pool's instances holds an MCP session. The session's id is a secret between its two ends, so only a hash
 * of owner, pool and id is kept.
 */
@Entity('mcp_sessions')
@Index(['lastUsedAt'])
@Index(['userId'])
@Index(['rentalId'])
export class McpSession {
  /** The hash. */
  @Id()
  id: string;

  @Reference()
  userId: string;

  @Reference()
  rentalId: string;

  @Instant()
  createdAt: number;

  /** Written at intervals. */
  @Instant()
  lastUsedAt: number;
}
