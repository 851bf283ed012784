import { Entity, Index, Unique } from 'typeorm';
import { Count, Flag, Id, Instant, Json, Reference, Text } from '../database/columns.js';
import type { KeptChannel } from './channels.js';

/** One event of one user's channel, kept for a while so that a client that was away can have it again. */
@Entity('stream_events')
@Unique(['userId', 'channel', 'seq'])
@Index(['at'])
export class StreamEvent {
  @Id()
  id: string;

  @Reference()
  userId: string;

  @Text({ length: 16 })
  channel: KeptChannel;

  /** Gapless within a user's channel. */
  @Count()
  seq: number;

  @Instant()
  at: number;

  /** Tells a whole state: the next such event is told only when it is another. */
  @Flag()
  isState: boolean;

  @Json()
  data: object;
}

/** The last number given out in a user's channel. */
@Entity('stream_positions')
export class StreamPosition {
  /** `<user>/<channel>` */
  @Id()
  id: string;

  @Count()
  seq: number;
}
