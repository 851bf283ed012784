import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { newId } from '../common/id.js';
import { AppConfig } from '../config/config.js';
import { answerInTime } from './answer-in-time.js';
import { beat, leave } from './process-count.js';
import { connectToRedis } from './redis.connection.js';
import { RedisUnavailable } from './redis.errors.js';

/** Work that has to be done before Redis is trusted again, e.g. to void what it may have missed. */
export type Restoration = (redis: Redis) => Promise<unknown>;

const ANSWER_MS = 50;
const BEAT_MS = 1000;
const RETRY_MS = 200;
/** A start does not wait longer for Redis. */
const START_WAIT_MS = 1000;

/**
 * The connection for commands, behind a switch: the first command that fails or stays without an answer for 50 ms turns
 * Redis off for all, so that an outage costs each request one wait at most. A beat turns it on again once Redis takes
 * writes and all restorations are done.
 */
@Injectable()
export class RedisCommands implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RedisCommands.name);
  private readonly processId = newId();
  private readonly restorations: Restoration[] = [];
  private readonly lossListeners: (() => void)[] = [];
  private client?: Redis;
  private isOn = false;
  private isClosed = false;
  private count = 1;
  private timer?: NodeJS.Timeout;
  private onFirstUse?: () => void;
  private lastReason = 'no answer';

  constructor(private readonly config: AppConfig) {}

  /** Whether there is a Redis at all. */
  get isConfigured(): boolean {
    return this.config.redis !== undefined;
  }

  /** Whether a command would be sent now. */
  get isAvailable(): boolean {
    return this.isOn;
  }

  /** How many processes share this Redis, as far as is known. At least 1. */
  get processCount(): number {
    return this.count;
  }

  /** To be called from constructors: runs before the first use and before each use after an outage. */
  beforeUse(restoration: Restoration): void {
    this.restorations.push(restoration);
  }

  /** Called when Redis is turned off, once for each outage. */
  onLost(listener: () => void): void {
    this.lossListeners.push(listener);
  }

  /**
   * Sends commands. Any failure, also a refusal by Redis (out of memory, read-only), counts as an outage.
   * @throws RedisUnavailable
   */
  async run<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.isOn || !this.client) throw new RedisUnavailable('turned off');
    try {
      return await answerInTime(work(this.client), ANSWER_MS);
    } catch (error) {
      this.turnOff(error);
      throw error instanceof RedisUnavailable ? error : new RedisUnavailable(reasonOf(error));
    }
  }

  async onModuleInit(): Promise<void> {
    if (!this.config.redis) return;
    this.client = connectToRedis(this.config.redis, 'commands')
      .on('error', (error: Error) => (this.lastReason = reasonOf(error)))
      .on('ready', () => this.beatIn(0))
      .on('close', () => this.turnOff(new Error('connection lost')));
    await this.firstUse();
    if (!this.isOn) this.logger.warn({ msg: 'starting without Redis', reason: this.lastReason });
  }

  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    if (this.isOn) await this.run((redis) => leave(redis, this.processId)).catch(() => undefined);
    this.isOn = false;
    this.client?.disconnect();
  }

  private firstUse(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, START_WAIT_MS);
      this.onFirstUse = () => resolve(clearTimeout(timer));
    });
  }

  private beatIn(ms: number): void {
    clearTimeout(this.timer);
    if (!this.isClosed) this.timer = setTimeout(() => void this.beat(), ms).unref();
  }

  /** Tells Redis that this process is there, which shows at once whether Redis is. */
  private async beat(): Promise<void> {
    const { client } = this;
    if (!client || client.status !== 'ready') return;
    try {
      this.count = await answerInTime(beat(client, this.processId), ANSWER_MS);
      if (!this.isOn) await this.turnOn(client);
      this.beatIn(BEAT_MS);
    } catch (error) {
      this.turnOff(error);
      // Half-open or stuck: only a new connection tells. Its `ready` is the next beat.
      if (error instanceof RedisUnavailable) client.disconnect(true);
      else this.beatIn(RETRY_MS);
    }
  }

  private async turnOn(client: Redis): Promise<void> {
    for (const restore of this.restorations) await answerInTime(restore(client), ANSWER_MS);
    if (client.status !== 'ready' || this.isClosed) throw new Error('connection lost');
    this.isOn = true;
    this.logger.log({ msg: 'Redis is in use', processes: this.count });
    this.onFirstUse?.();
  }

  private turnOff(error: unknown): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.logger.warn({ msg: 'Redis is unavailable; going on without it', reason: reasonOf(error) });
    for (const listener of this.lossListeners) listener();
    this.beatIn(RETRY_MS);
  }
}

/** The message alone: ioredis hangs the command onto its errors, and AUTH's is the password. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
