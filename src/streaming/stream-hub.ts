import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { RedisBroadcast } from '../redis/redis-broadcast.js';
import type { Channel, GaugeChannel } from './channels.js';
import { EventLog, type NewEvent } from './event-log.js';

/** An event on its way to subscribers. */
export interface StreamedEvent {
  /** Whose channel; undefined = everybody's (`market`). */
  userId?: string;
  channel: Channel;
  seq: number;
  /** Epoch ms. */
  at: number;
  data: object;
}

/** One connection that wants events. */
export interface Subscriber {
  /** Undefined for somebody who may only see the public market. */
  readonly userId: string | undefined;
  wants(channel: Channel): boolean;
  /** Each event may come more than once and out of order; the subscriber puts them right by `seq`. */
  deliver(event: StreamedEvent): void;
  /** Events of kept channels may have been lost on the way: look into the log. */
  catchUp(): void;
}

const TOPIC = 'stream';
/** Without word from the other processes' events, a look into the log now and then finds them. */
const LOOK_EVERY_MS = 2000;

/**
 * Where events meet subscribers. Kept events get their number from the database and reach other processes as hints over
 * Redis; a process without Redis, or one that missed a hint, finds them in the log. Gauges stay in their process.
 */
@Injectable()
export class StreamHub {
  private readonly logger = new Logger(StreamHub.name);
  private readonly byUser = new Map<string, Set<Subscriber>>();
  private readonly anonymous = new Set<Subscriber>();
  private readonly queues = new Map<string, Promise<void>>();
  private lastGaugeSeq = 0;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly log: EventLog,
    private readonly broadcast: RedisBroadcast,
    private readonly clock: Clock,
  ) {
    broadcast.listen(TOPIC, {
      received: (message) => this.deliver(message as StreamedEvent),
      missed: () => this.catchUpAll(),
    });
  }

  get subscriberCount(): number {
    return this.anonymous.size + [...this.byUser.values()].reduce((sum, set) => sum + set.size, 0);
  }

  /** Returns the function that ends it. */
  attach(subscriber: Subscriber): () => void {
    const set = this.setOf(subscriber);
    set.add(subscriber);
    this.timer ??= setInterval(() => this.catchUpAll(), LOOK_EVERY_MS).unref();
    return () => this.detach(subscriber, set);
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
    this.deliver({ userId, channel, seq: this.nextGaugeSeq(), at: this.clock.now(), data });
  }

  /** Gauges are numbered by time, so that their numbers rise through restarts and from process to process. */
  nextGaugeSeq(): number {
    this.lastGaugeSeq = Math.max(this.lastGaugeSeq + 1, this.clock.now());
    return this.lastGaugeSeq;
  }

  /** Users who are connected here. */
  connectedUsers(): string[] {
    return [...this.byUser.keys()];
  }

  /** Users who have a subscriber here that wants the channel. */
  usersWanting(channel: Channel): string[] {
    return [...this.byUser].filter(([, set]) => someWants(set, channel)).map(([userId]) => userId);
  }

  isWanted(channel: Channel): boolean {
    return someWants(this.anonymous, channel) || this.usersWanting(channel).length > 0;
  }

  private async write(event: NewEvent): Promise<void> {
    try {
      const kept = await this.log.append(event);
      if (!kept) return;
      const { userId, channel, seq, at, data } = kept;
      const streamed: StreamedEvent = { userId, channel, seq, at, data };
      this.deliver(streamed);
      await this.broadcast.publish(TOPIC, streamed);
    } catch (error) {
      this.logger.warn({ msg: 'event not streamed', channel: event.channel, err: error });
    }
  }

  private deliver(event: StreamedEvent): void {
    if (event.userId !== undefined) return deliverTo(this.byUser.get(event.userId), event);
    deliverTo(this.anonymous, event);
    this.byUser.forEach((set) => deliverTo(set, event));
  }

  private catchUpAll(): void {
    this.byUser.forEach((set) => set.forEach((subscriber) => subscriber.catchUp()));
  }

  private setOf({ userId }: Subscriber): Set<Subscriber> {
    if (userId === undefined) return this.anonymous;
    const set = this.byUser.get(userId) ?? new Set();
    this.byUser.set(userId, set);
    return set;
  }

  private detach(subscriber: Subscriber, set: Set<Subscriber>): void {
    set.delete(subscriber);
    const { userId } = subscriber;
    if (userId !== undefined && set.size === 0 && this.byUser.get(userId) === set) this.byUser.delete(userId);
    if (this.subscriberCount > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

const someWants = (set: ReadonlySet<Subscriber>, channel: Channel): boolean =>
  [...set].some((subscriber) => subscriber.wants(channel));

function deliverTo(set: ReadonlySet<Subscriber> | undefined, event: StreamedEvent): void {
  set?.forEach((subscriber) => subscriber.wants(event.channel) && subscriber.deliver(event));
}
