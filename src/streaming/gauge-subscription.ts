import type { GaugeChannel } from './channels.js';
import type { StreamHub } from './stream-hub.js';
import type { StreamMessage } from './stream-message.js';
import type { Listener, Subscription } from './subscription.js';

/** Somebody who hears a gauge. */
export interface GaugeFollower {
  show(seq: number, message: StreamMessage): void;
}

/** A place in a gauge: a client that does not keep up gets the state again when it does, and is told of the gap. */
export class GaugeSubscription implements Subscription, GaugeFollower {
  private phase: 'reading' | 'open' | 'waiting' | 'over' = 'waiting';
  /** Number of the last frame that was sent. */
  private sent: number | undefined;
  /** What happened while the state was being read. */
  private early: [number, StreamMessage][] = [];

  constructor(
    private readonly listener: Listener,
    private readonly channel: GaugeChannel,
    private readonly hub: StreamHub,
  ) {
    hub.follow(channel, listener.userId, this);
  }

  async open(since: number | undefined): Promise<void> {
    if (this.isOver) return;
    this.phase = 'reading';
    const { seq, message } = await this.listener.snapshots.gauge(this.channel, this.listener.userId);
    if (this.isOver) return;
    if (since !== undefined && since < seq)
      this.listener.send({ type: 'gap', channel: this.channel, from: since + 1, to: seq });
    this.pass(seq, message);
    this.phase = 'open';
    this.early.splice(0).forEach(([number, event]) => this.show(number, event));
  }

  show(seq: number, message: StreamMessage): void {
    if (this.phase === 'reading') this.early.push([seq, message]);
    else if (this.phase === 'open') this.offer(seq, message);
  }

  end(): void {
    this.phase = 'over';
    this.early = [];
    this.hub.unfollow(this.channel, this.listener.userId, this);
  }

  private get isOver(): boolean {
    return this.phase === 'over';
  }

  private offer(seq: number, message: StreamMessage): void {
    if (this.listener.hasRoom()) return this.pass(seq, message);
    // A reader that is stuck has just been let go.
    if (this.isOver) return;
    this.phase = 'waiting';
    this.listener.onceDrained(() => {
      if (!this.isOver) this.open(this.sent).catch((error: unknown) => this.listener.complain(error));
    });
  }

  private pass(seq: number, message: StreamMessage): void {
    this.sent = seq;
    this.listener.share(message);
  }
}
