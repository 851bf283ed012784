import { Logger } from '@nestjs/common';
import type { Caller } from '../common/caller.js';
import { isDomainError } from '../common/domain-error.js';
import { CLOSE, type StreamConnection } from './connection.js';
import { FloodGuard } from './flood-guard.js';
import { FrameError, parseFrame, readFrame, type ClientFrame, type ServerFrame } from './frames.js';
import type { InferFrame } from './infer/infer-request.js';
import type { RunningInference } from './infer/inference-starter.js';
import { ReaderPace } from './reader-pace.js';
import type { SessionServices } from './session-services.js';
import type { Snapshots } from './snapshots.js';
import type { StreamMessage } from './stream-message.js';
import type { Listener } from './subscription.js';
import { Subscriptions } from './subscriptions.js';

const AUTH_TIMEOUT_MS = 5000;

/** Looks a credential up, for several sessions at once perhaps. */
export type Verify = (token: string, address: string) => Promise<Caller>;

/** The conversation on one connection, whatever its transport: who is there, and what they want. */
export class StreamSession implements Listener {
  private static readonly logger = new Logger(StreamSession.name);
  private readonly pace: ReaderPace;
  private readonly flood: FloodGuard;
  private readonly subscriptions: Subscriptions;
  /** Made with the first; most connections only listen. */
  private inferences: Map<string, RunningInference> | undefined;
  private caller: Caller | undefined;
  private token: string | undefined;
  private authTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    private readonly connection: StreamConnection,
    private readonly services: SessionServices,
  ) {
    this.pace = new ReaderPace(connection, services.clock);
    this.flood = new FloodGuard(services.clock);
    this.subscriptions = new Subscriptions(this, services.hub);
  }

  /** With the credential of the handshake, or without one: then it has to come as the first frame. */
  begin(verified?: { caller: Caller; token: string }): void {
    if (verified) return this.enter(verified.caller, verified.token);
    if (this.services.access.isMarketPublic) return;
    this.authTimer = setTimeout(() => this.close(CLOSE.authTimeout, 'authenticate first'), AUTH_TIMEOUT_MS);
  }

  get userId(): string | undefined {
    return this.caller?.userId;
  }

  get snapshots(): Snapshots {
    return this.services.snapshots;
  }

  /** One message of the client, as text or as an object that the transport has parsed. */
  receive(message: string | Record<string, unknown>): void {
    if (this.isClosed) return;
    if (!this.flood.admits()) return this.close(CLOSE.tooManyFrames, 'too many frames');
    try {
      this.obey(typeof message === 'string' ? parseFrame(message) : readFrame(message));
    } catch (error) {
      this.complain(error);
    }
  }

  /** Whether the credential is still good, and the reader there; closes the connection when not. */
  async recheck(verify: Verify): Promise<void> {
    this.hasRoom();
    if (this.token === undefined || this.isClosed) return;
    try {
      this.caller = await verify(this.token, this.connection.address);
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
    this.subscriptions.endAll();
    this.inferences?.forEach((inference) => inference.cancel());
    this.inferences = undefined;
  }

  hasRoom(): boolean {
    if (this.isClosed) return false;
    const pace = this.pace.judge();
    if (pace === 'stuck') this.close(CLOSE.overloaded, 'reader is stuck');
    return pace === 'keeps up';
  }

  send(frame: ServerFrame): void {
    this.hasRoom();
    if (!this.isClosed) this.connection.send(frame);
  }

  share(message: StreamMessage): void {
    if (!this.isClosed) this.connection.share(message);
  }

  onceDrained(listener: () => void): void {
    this.connection.onceDrained(listener);
  }

  complain(error: unknown): void {
    if (this.isClosed) return;
    if (error instanceof FrameError) {
      const { code, message, frameId: id } = error;
      return this.send({ type: 'error', id, code, message });
    }
    StreamSession.logger.warn({ msg: 'stream session failed', err: error });
    this.send({ type: 'error', code: 'unavailable', message: 'Try again in a moment.' });
  }

  private obey(frame: ClientFrame): void {
    switch (frame.type) {
      case 'ping':
        return this.send({ type: 'pong', id: frame.id });
      case 'auth':
        return void this.authenticate(frame.token);
      case 'subscribe':
        return this.subscribe(frame);
      case 'unsubscribe':
        return this.unsubscribe(frame);
      case 'infer':
        return this.infer(frame);
      case 'cancel':
        return this.inferences?.get(frame.id)?.cancel();
    }
  }

  private async authenticate(token: string): Promise<void> {
    try {
      this.enter(await this.services.access.verify(token, this.connection.address), token);
    } catch (error) {
      if (isDomainError(error) && error.status < 500) this.close(CLOSE.unauthorized, 'bad credential');
      else this.close(CLOSE.overloaded, 'try again');
    }
  }

  /** Also with a fresh token of the same user, whose subscriptions go on. */
  private enter(caller: Caller, token: string): void {
    if (this.isClosed) return;
    clearTimeout(this.authTimer);
    if (!this.services.access.mayStream(caller)) return this.close(CLOSE.forbidden, 'not allowed');
    if (caller.userId !== this.userId) this.subscriptions.endAll();
    this.caller = caller;
    this.token = token;
    this.send({ type: 'authenticated' });
  }

  private subscribe(frame: Extract<ClientFrame, { type: 'subscribe' }>): void {
    const { id, since } = frame;
    const channels = this.visibleOf(frame);
    this.send({ type: 'subscribed', id, channels });
    void this.subscriptions.start(channels, since);
  }

  /** A bare subscribe means all that one may see; naming a channel that one may not see is refused. */
  private visibleOf({ id, channels, isBare }: Extract<ClientFrame, { type: 'subscribe' }>) {
    const { access } = this.services;
    const visible = channels.filter((channel) => access.maySee(this.caller, channel));
    const isRefused = visible.length === 0 || (!isBare && visible.length < channels.length);
    if (!isRefused || (this.caller && isBare)) return visible;
    if (!this.caller) throw new FrameError('unauthenticated', 'Send an auth frame first.', id);
    throw new FrameError('forbidden', 'The key has no scope for one of these channels.', id);
  }

  private unsubscribe({ id, channels }: Extract<ClientFrame, { type: 'unsubscribe' }>): void {
    this.subscriptions.end(channels);
    this.send({ type: 'unsubscribed', id, channels });
  }

  private infer(frame: InferFrame): void {
    const { id } = frame;
    if (this.token === undefined) throw new FrameError('unauthenticated', 'Send an auth frame first.', id);
    const inferences = (this.inferences ??= new Map());
    if (inferences.has(id))
      throw new FrameError('duplicate_id', 'An inference with this id is under way.', id);
    const ended = (): void => void inferences.delete(id);
    // Reserved first: a refusal ends it before `start` returns.
    inferences.set(id, { cancel: ended });
    try {
      const running = this.services.inferences.start(frame, this.token, this.connection, ended);
      if (inferences.has(id)) inferences.set(id, running);
    } catch (error) {
      ended();
      throw error;
    }
  }
}
