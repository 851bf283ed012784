import { Logger } from '@nestjs/common';
import type { Caller } from '../common/caller.js';
import { isDomainError } from '../common/domain-error.js';
import { isKept, type Channel, type KeptChannel } from './channels.js';
import { ChannelCursor, eventFrame } from './channel-cursor.js';
import { CLOSE, type StreamConnection } from './connection.js';
import { FrameError, parseFrame, readFrame, type ClientFrame, type ServerFrame } from './frames.js';
import type { InferFrame } from './infer/infer-request.js';
import type { RunningInference } from './infer/inference-starter.js';
import type { SessionServices } from './session-services.js';
import type { StreamedEvent, Subscriber } from './stream-hub.js';

const AUTH_TIMEOUT_MS = 5000;
/** Beyond this much unread, gauges are left out: only their latest state matters. */
const SLOW_READER_BYTES = 1024 * 1024;
const STUCK_READER_MS = 30_000;

/** What a connection that has not said who it is may see. */
const PUBLIC_CHANNELS: readonly Channel[] = ['market'];

/**
 * The conversation on one connection, whatever its transport: who is there, what they want to hear, and in which order
 * they hear it.
 */
export class StreamSession implements Subscriber {
  private static readonly logger = new Logger(StreamSession.name);
  private readonly wanted = new Set<Channel>();
  private readonly cursors = new Map<KeptChannel, ChannelCursor>();
  private readonly inferences = new Map<string, RunningInference>();
  private caller: Caller | undefined;
  private token: string | undefined;
  private detach: (() => void) | undefined;
  private authTimer: NodeJS.Timeout | undefined;
  private stuckSince: number | undefined;
  private isClosed = false;

  constructor(
    private readonly connection: StreamConnection,
    private readonly services: SessionServices,
  ) {}

  /** With the credential of the handshake, or without one: then it has to come as the first frame. */
  begin(verified?: { caller: Caller; token: string }): void {
    if (verified) return this.enter(verified.caller, verified.token);
    if (this.services.isMarketPublic) this.detach = this.services.hub.attach(this);
    else
      this.authTimer = setTimeout(() => this.close(CLOSE.authTimeout, 'authenticate first'), AUTH_TIMEOUT_MS);
  }

  get userId(): string | undefined {
    return this.caller?.userId;
  }

  wants(channel: Channel): boolean {
    return this.wanted.has(channel);
  }

  deliver(event: StreamedEvent): void {
    if (isKept(event.channel)) this.cursors.get(event.channel)?.receive(event);
    else if (this.hasRoom()) this.connection.send(eventFrame(event));
  }

  catchUp(): void {
    this.cursors.forEach((cursor) => cursor.catchUp());
  }

  /** One message of the client, as text or as an object that the transport has parsed. */
  receive(message: string | Record<string, unknown>): void {
    if (this.isClosed) return;
    if (!this.services.admitsFrame(this)) return this.close(CLOSE.tooManyFrames, 'too many frames');
    try {
      this.obey(typeof message === 'string' ? parseFrame(message) : readFrame(message));
    } catch (error) {
      this.complain(error);
    }
  }

  /** Whether the credential is still good; closes the connection when it is not. */
  async recheck(): Promise<void> {
    if (this.token === undefined || this.isClosed) return;
    try {
      this.caller = await this.services.verify(this.token);
    } catch (error) {
      if (isDomainError(error) && error.status === 401) this.close(CLOSE.unauthorized, 'credential revoked');
    }
  }

  close(code: number, reason: string): void {
    if (this.isClosed) return;
    this.connection.close(code, reason);
    this.ended();
  }

  /** The transport's socket is gone. */
  ended(): void {
    this.isClosed = true;
    clearTimeout(this.authTimer);
    this.detach?.();
    this.wanted.clear();
    this.cursors.clear();
    this.inferences.forEach((inference) => inference.cancel());
    this.inferences.clear();
  }

  private obey(frame: ClientFrame): void {
    switch (frame.type) {
      case 'ping':
        return this.connection.send({ type: 'pong', id: frame.id });
      case 'auth':
        return void this.authenticate(frame.token);
      case 'subscribe':
        return void this.subscribe(frame).catch((error: unknown) => this.complain(error));
      case 'unsubscribe':
        return this.unsubscribe(frame);
      case 'infer':
        return this.infer(frame);
      case 'cancel':
        return this.inferences.get(frame.id)?.cancel();
    }
  }

  private async authenticate(token: string): Promise<void> {
    try {
      this.enter(await this.services.verify(token), token);
    } catch (error) {
      const isRefused = isDomainError(error) && error.status < 500;
      this.close(
        isRefused ? CLOSE.unauthorized : CLOSE.overloaded,
        isRefused ? 'bad credential' : 'try again',
      );
    }
  }

  private enter(caller: Caller, token: string): void {
    if (this.isClosed) return;
    clearTimeout(this.authTimer);
    this.detach?.();
    if (!this.services.mayStream(caller)) return this.close(CLOSE.forbidden, 'not allowed');
    this.caller = caller;
    this.token = token;
    this.wanted.clear();
    this.detach = this.services.hub.attach(this);
    this.connection.send({ type: 'authenticated' });
  }

  private async subscribe(frame: Extract<ClientFrame, { type: 'subscribe' }>): Promise<void> {
    const { id, since } = frame;
    const channels = this.visibleOf(frame.channels, id);
    this.connection.send({ type: 'subscribed', id, channels });
    for (const channel of channels) {
      this.wanted.add(channel);
      await this.open(channel, since[channel]);
    }
  }

  /** A bare subscribe means all that one may see; naming a channel that one may not see is refused. */
  private visibleOf(channels: readonly Channel[], id?: string): readonly Channel[] {
    if (this.caller) return this.services.channelsOf(this.caller, channels);
    if (!this.services.isMarketPublic)
      throw new FrameError('unauthenticated', 'Send an auth frame first.', id);
    return channels.filter((channel) => PUBLIC_CHANNELS.includes(channel));
  }

  private async open(channel: Channel, since: number | undefined): Promise<void> {
    if (!isKept(channel) || !this.caller) return this.openGauge(channel, since);
    const { userId } = this.caller;
    const { log } = this.services;
    const cursor = new ChannelCursor(
      userId,
      channel,
      log,
      (frame) => this.sendKept(frame),
      (error) => this.complain(error),
    );
    this.cursors.set(channel, cursor);
    const position = await log.position(userId, channel);
    if (since !== undefined && since <= position) return cursor.startAfter(since);
    await this.snapshot(channel, position);
    cursor.startAfter(position);
  }

  /** Gauges are not kept: whoever was away is told so and gets the present state. */
  private async openGauge(channel: Channel, since: number | undefined): Promise<void> {
    const seq = this.services.hub.nextGaugeSeq();
    if (since !== undefined) this.connection.send({ type: 'gap', channel, from: since + 1, to: seq });
    await this.snapshot(channel, seq);
  }

  private async snapshot(channel: Channel, seq: number): Promise<void> {
    const data = await this.services.snapshots.of(channel, this.caller?.userId);
    if (!this.isClosed) this.connection.send({ type: 'snapshot', channel, seq, data });
  }

  private unsubscribe({ id, channels }: Extract<ClientFrame, { type: 'unsubscribe' }>): void {
    for (const channel of channels) {
      this.wanted.delete(channel);
      if (isKept(channel)) this.cursors.delete(channel);
    }
    this.connection.send({ type: 'unsubscribed', id, channels });
  }

  private infer(frame: InferFrame): void {
    const { id } = frame;
    if (this.token === undefined) throw new FrameError('unauthenticated', 'Send an auth frame first.', id);
    if (this.inferences.has(id))
      throw new FrameError('duplicate_id', 'An inference with this id is under way.', id);
    const ended = (): void => void this.inferences.delete(id);
    // Reserved first: a refusal ends it before `start` returns.
    this.inferences.set(id, { cancel: ended });
    try {
      const running = this.services.inferences.start(frame, this.token, this.connection, ended);
      if (this.inferences.has(id)) this.inferences.set(id, running);
    } catch (error) {
      ended();
      throw error;
    }
  }

  /** Kept events are never left out; a reader that takes nothing for half a minute is let go, and resumes by `since`. */
  private sendKept(frame: ServerFrame): void {
    if (this.isClosed) return;
    this.hasRoom();
    this.connection.send(frame);
  }

  private hasRoom(): boolean {
    if (this.connection.bufferedBytes < SLOW_READER_BYTES) {
      this.stuckSince = undefined;
      return true;
    }
    const now = Date.now();
    this.stuckSince ??= now;
    if (now - this.stuckSince > STUCK_READER_MS) this.close(CLOSE.overloaded, 'reader is stuck');
    return false;
  }

  private complain(error: unknown): void {
    if (this.isClosed) return;
    if (error instanceof FrameError) {
      const { code, message, frameId: id } = error;
      return this.connection.send({ type: 'error', id, code, message });
    }
    StreamSession.logger.warn({ msg: 'stream session failed', err: error });
    this.connection.send({ type: 'error', code: 'unavailable', message: 'Try again in a moment.' });
  }
}
