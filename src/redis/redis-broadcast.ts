import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { newId } from '../common/id.js';
import { AppConfig } from '../config/config.js';
import { answerInTime } from './answer-in-time.js';
import { RedisCommands } from './redis-commands.js';
import { connectToRedis, REDIS_KEY_PREFIX } from './redis.connection.js';

export interface BroadcastListener {
  /** A message of another process. */
  received(message: unknown): void;
  /** Messages may have been lost: whatever they would have changed is not to be trusted. */
  missed(): void;
}

interface Envelope {
  from: string;
  /** Absent when the sender could not tell its news in time. */
  message?: unknown;
}

const PING_MS = 1000;
const PONG_MS = 500;

/**
 * Messages between the processes that share a Redis. A hint, not a delivery: what is lost, by an outage on either side,
 * is made up for by `missed`. Without Redis nothing is sent and nothing comes.
 */
@Injectable()
export class RedisBroadcast implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RedisBroadcast.name);
  private readonly processId = newId();
  private readonly listeners = new Map<string, BroadcastListener>();
  private readonly owedTopics = new Set<string>();
  private subscriber?: Redis;
  private pinging?: NodeJS.Timeout;

  constructor(
    private readonly config: AppConfig,
    private readonly commands: RedisCommands,
  ) {
    commands.beforeUse((redis) => this.tellWhatIsOwed(redis));
  }

  /** To be called from constructors; one listener a topic. */
  listen(topic: string, listener: BroadcastListener): void {
    this.listeners.set(topic, listener);
  }

  /** Tells all other processes, as soon as possible; never throws. */
  async publish(topic: string, message: unknown): Promise<void> {
    if (!this.commands.isConfigured) return;
    try {
      await this.commands.run((redis) => this.send(redis, topic, { from: this.processId, message }));
    } catch {
      this.owedTopics.add(topic);
    }
  }

  onModuleInit(): void {
    if (!this.config.redis) return;
    const subscriber = connectToRedis(this.config.redis, 'subscriptions');
    subscriber
      .on('error', (error: Error) => this.logger.debug({ msg: 'subscriptions', reason: error.message }))
      .on('ready', () => void this.subscribe(subscriber))
      .on('message', (channel: string, text: string) => this.deliver(channel, text));
    this.subscriber = subscriber;
    this.pinging = setInterval(() => void this.ping(subscriber), PING_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.pinging);
    this.subscriber?.disconnect();
  }

  private async subscribe(subscriber: Redis): Promise<void> {
    const topics = [...this.listeners.keys()];
    if (topics.length === 0) return;
    try {
      await subscriber.subscribe(...topics.map((topic) => this.channelOf(topic)));
      for (const listener of this.listeners.values()) listener.missed();
    } catch {
      subscriber.disconnect(true);
    }
  }

  /** A half-open connection brings no messages and does not say so. */
  private async ping(subscriber: Redis): Promise<void> {
    if (subscriber.status !== 'ready') return;
    await answerInTime(subscriber.ping(), PONG_MS).catch(() => subscriber.disconnect(true));
  }

  private deliver(channel: string, text: string): void {
    const topic = channel.slice(this.channelOf('').length);
    const listener = this.listeners.get(topic);
    const envelope = parse(text);
    if (!listener || !envelope || envelope.from === this.processId) return;
    if (envelope.message === undefined) listener.missed();
    else listener.received(envelope.message);
  }

  private async tellWhatIsOwed(redis: Redis): Promise<void> {
    for (const topic of this.owedTopics) {
      await this.send(redis, topic, { from: this.processId });
      this.owedTopics.delete(topic);
    }
  }

  private send(redis: Redis, topic: string, envelope: Envelope): Promise<number> {
    return redis.publish(this.channelOf(topic), JSON.stringify(envelope));
  }

  /** Channels are one space for all databases of a Redis, so ours is part of the name. */
  private channelOf(topic: string): string {
    return `${REDIS_KEY_PREFIX}${this.config.redis?.database ?? 0}:${topic}`;
  }
}

function parse(text: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Envelope) : undefined;
  } catch {
    return undefined;
  }
}
