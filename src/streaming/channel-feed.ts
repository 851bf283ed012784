import { Logger } from '@nestjs/common';
import type { KeptChannel } from './channels.js';
import type { EventLog } from './event-log.js';
import { eventMessage, type StreamedEvent } from './streamed-event.js';
import type { StreamMessage } from './stream-message.js';

/** Somebody who hears a kept channel: each event once and in order. */
export interface Follower {
  /** Number of the last event that was sent; undefined = not begun yet. */
  readonly sent: number | undefined;
  /** False when events before this one have not been sent yet. */
  take(seq: number, message: StreamMessage): boolean;
  /** What comes next is gone from the log. */
  startAgain(): void;
}

/**
 * One user's kept channel in this process. An event is made into bytes once for all followers; when some of them miss
 * what came before it, the log is asked once for all of them.
 */
export class ChannelFeed {
  private static readonly logger = new Logger(ChannelFeed.name);
  private readonly followers = new Set<Follower>();
  /** The greatest number that was heard of. */
  private heard = 0;
  private isFetching = false;
  private isFetchWanted = false;

  constructor(
    readonly userId: string,
    readonly channel: KeptChannel,
    private readonly log: EventLog,
  ) {}

  get isEmpty(): boolean {
    return this.followers.size === 0;
  }

  add(follower: Follower): void {
    this.followers.add(follower);
  }

  remove(follower: Follower): void {
    this.followers.delete(follower);
  }

  /** The number of the channel's latest event. */
  async position(): Promise<number> {
    const position = await this.log.position(this.userId, this.channel);
    this.heard = Math.max(this.heard, position);
    return position;
  }

  /** Whether everything after `seq` can still be had. */
  reachesBackTo(seq: number): Promise<boolean> {
    return this.log.reachesBackTo(this.userId, this.channel, seq);
  }

  /** An event, perhaps not for the first time, perhaps too early. */
  receive(event: StreamedEvent): void {
    this.heard = Math.max(this.heard, event.seq);
    const message = eventMessage(event);
    let isComplete = true;
    for (const follower of this.followers) isComplete = follower.take(event.seq, message) && isComplete;
    if (!isComplete) this.catchUp();
  }

  /** A follower has begun after `seq`. */
  begun(seq: number): void {
    if (seq < this.heard) this.catchUp();
  }

  /** What the database says is the latest number, now and then: hints may have been lost. */
  compare(position: number): void {
    if (position <= this.heard && !this.isFetchWanted) return;
    this.heard = Math.max(this.heard, position);
    this.catchUp();
  }

  private catchUp(): void {
    this.isFetchWanted = true;
    if (!this.isFetching) void this.fetch();
  }

  private async fetch(): Promise<void> {
    this.isFetching = true;
    try {
      while (this.isFetchWanted) {
        this.isFetchWanted = false;
        await this.fetchPage();
      }
    } catch (error) {
      ChannelFeed.logger.warn({ msg: 'events not read', channel: this.channel, err: error });
      // The next comparison tries again.
      this.isFetchWanted = true;
    } finally {
      this.isFetching = false;
    }
  }

  private async fetchPage(): Promise<void> {
    const from = this.earliest();
    if (from === undefined) return;
    const events = await this.log.since(this.userId, this.channel, from);
    events.forEach((event) => this.pass(event));
    if (events.length > 0 && (this.earliest() ?? Infinity) < this.heard) this.isFetchWanted = true;
  }

  private pass(event: StreamedEvent): void {
    const message = eventMessage(event);
    for (const follower of this.followers) if (!follower.take(event.seq, message)) follower.startAgain();
  }

  private earliest(): number | undefined {
    let earliest: number | undefined;
    for (const { sent } of this.followers)
      if (sent !== undefined && (earliest === undefined || sent < earliest)) earliest = sent;
    return earliest;
  }
}
