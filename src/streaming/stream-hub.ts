import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { RedisBroadcast } from '../redis/redis-broadcast.js';
import { ChannelFeed } from './channel-feed.js';
import type { GaugeChannel, KeptChannel } from './channels.js';
import { EventLog, positionId, type NewEvent } from './event-log.js';
import { GaugeNumbers } from './gauge-numbers.js';
import type { GaugeFollower } from './gauge-subscription.js';
import { eventMessage, type StreamedEvent } from './streamed-event.js';

/** A kept event as other processes hear of it. */
type Hint = StreamedEvent & { userId: string; channel: KeptChannel };

const TOPIC = 'stream';
/** Without word from the other processes' events, a look into the log now and then finds them. */
const LOOK_EVERY_MS = 2000;
/** The market's followers are one room, whoever they are. */
const EVERYBODY = '';

/**
 * Where events meet subscribers. Kept events get their number from the database and reach other processes as hints over
 * Redis; a process without Redis, or one that missed a hint, finds them in the log. Gauges stay in their process.
 */
@Injectable()
export class StreamHub implements OnApplicationShutdown {
  private readonly logger = new Logger(StreamHub.name);
  private readonly feeds = new Map<string, ChannelFeed>();
  private readonly rooms: Readonly<Record<GaugeChannel, Map<string, Set<GaugeFollower>>>> = {
    load: new Map(),
    market: new Map(),
  };
  private readonly queues = new Map<string, Promise<void>>();
  private looking: NodeJS.Timeout | undefined;
  private isLooking = false;

  constructor(
    private readonly log: EventLog,
    private readonly broadcast: RedisBroadcast,
    private readonly numbers: GaugeNumbers,
    private readonly clock: Clock,
  ) {
    broadcast.listen(TOPIC, {
      received: (message) => this.deliver(message as Hint),
      missed: () => void this.look(),
    });
  }

  onApplicationShutdown(): void {
    clearInterval(this.looking);
  }

  /** A user's kept channel, for as long as somebody follows it: whoever stops to, calls `release`. */
  feedOf(userId: string, channel: KeptChannel): ChannelFeed {
    const id = positionId(userId, channel);
    const feed = this.feeds.get(id) ?? new ChannelFeed(userId, channel, this.log);
    this.feeds.set(id, feed);
    this.looking ??= setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
    return feed;
  }

  /** Forgets a feed that nobody follows. */
  release({ userId, channel, isEmpty }: ChannelFeed): void {
    if (isEmpty) this.feeds.delete(positionId(userId, channel));
    if (this.feeds.size > 0) return;
    clearInterval(this.looking);
    this.looking = undefined;
  }

  follow(channel: GaugeChannel, userId: string | undefined, follower: GaugeFollower): void {
    const rooms = this.rooms[channel];
    const name = roomOf(channel, userId);
    const room = rooms.get(name) ?? new Set();
    rooms.set(name, room.add(follower));
  }

  unfollow(channel: GaugeChannel, userId: string | undefined, follower: GaugeFollower): void {
    const rooms = this.rooms[channel];
    const name = roomOf(channel, userId);
    const room = rooms.get(name);
    room?.delete(follower);
    if (room?.size === 0) rooms.delete(name);
  }

  /** Events of one user are written one after the other, in the order in which they were reported. */
  publish(event: NewEvent): void {
    const { userId } = event;
    const before = this.queues.get(userId) ?? Promise.resolve();
    const written = before.then(() => this.write(event));
    this.queues.set(userId, written);
    void written.then(() => this.queues.get(userId) === written && this.queues.delete(userId));
  }

  /** Tells the latest state of a gauge to this process's subscribers. */
  gauge(channel: GaugeChannel, data: object, userId?: string): void {
    const seq = this.numbers.next();
    const message = eventMessage({ channel, seq, at: this.clock.now(), data });
    this.rooms[channel].get(roomOf(channel, userId))?.forEach((follower) => follower.show(seq, message));
  }

  /** Users whose kept channel is followed here. */
  usersFollowing(channel: KeptChannel): string[] {
    return [...this.feeds.values()].filter((feed) => feed.channel === channel).map(({ userId }) => userId);
  }

  /** Users whose load is watched here. */
  usersWatchingLoad(): string[] {
    return [...this.rooms.load.keys()];
  }

  get isMarketWatched(): boolean {
    return this.rooms.market.size > 0;
  }

  private async write(event: NewEvent): Promise<void> {
    try {
      const kept = await this.log.append(event);
      if (!kept) return;
      const { userId, channel, seq, at, data } = kept;
      const hint: Hint = { userId, channel, seq, at, data };
      this.deliver(hint);
      await this.broadcast.publish(TOPIC, hint);
    } catch (error) {
      this.logger.warn({ msg: 'event not streamed', channel: event.channel, err: error });
    }
  }

  private deliver(hint: Hint): void {
    this.feeds.get(positionId(hint.userId, hint.channel))?.receive(hint);
  }

  private async look(): Promise<void> {
    if (this.isLooking || this.feeds.size === 0) return;
    this.isLooking = true;
    try {
      const feeds = [...this.feeds];
      const positions = await this.log.positions(feeds.map(([id]) => id));
      feeds.forEach(([id, feed]) => feed.compare(positions.get(id) ?? 0));
    } catch (error) {
      this.logger.warn({ msg: 'events not looked for', err: error });
    } finally {
      this.isLooking = false;
    }
  }
}

function roomOf(channel: GaugeChannel, userId: string | undefined): string {
  return channel === 'market' ? EVERYBODY : (userId ?? EVERYBODY);
}
