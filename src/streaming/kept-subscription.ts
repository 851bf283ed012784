import type { ChannelFeed, Follower } from './channel-feed.js';
import type { StreamHub } from './stream-hub.js';
import type { StreamMessage } from './stream-message.js';
import type { Listener, Subscription } from './subscription.js';

/** A place in a kept channel: nothing is left out, and what cannot be had any more is told. */
export class KeptSubscription implements Subscription, Follower {
  sent: number | undefined;
  private isOver = false;

  constructor(
    private readonly listener: Listener,
    private readonly feed: ChannelFeed,
    private readonly hub: StreamHub,
  ) {
    feed.add(this);
  }

  async open(since: number | undefined): Promise<void> {
    if (this.isOver) return;
    const position = await this.feed.position();
    if (since !== undefined && since <= position) {
      if (since === position || (await this.feed.reachesBackTo(since))) return this.begin(since);
      if (!this.isOver) this.tellGap(since + 1, position);
    }
    await this.showState(position);
    this.begin(position);
  }

  take(seq: number, message: StreamMessage): boolean {
    if (this.sent === undefined || seq <= this.sent) return true;
    if (seq !== this.sent + 1) return false;
    this.sent = seq;
    this.listener.hasRoom();
    this.listener.share(message);
    return true;
  }

  startAgain(): void {
    const since = this.sent;
    this.sent = undefined;
    this.open(since).catch((error: unknown) => this.listener.complain(error));
  }

  end(): void {
    this.isOver = true;
    this.sent = undefined;
    this.feed.remove(this);
    this.hub.release(this.feed);
  }

  private begin(seq: number): void {
    if (this.isOver) return;
    this.sent = seq;
    this.feed.begun(seq);
  }

  private tellGap(from: number, to: number): void {
    this.listener.send({ type: 'gap', channel: this.feed.channel, from, to });
  }

  private async showState(seq: number): Promise<void> {
    if (this.isOver) return;
    const { channel, userId } = this.feed;
    const data = await this.listener.snapshots.of(channel, userId);
    if (!this.isOver) this.listener.send({ type: 'snapshot', channel, seq, data });
  }
}
