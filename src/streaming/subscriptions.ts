import { isKept, type Channel } from './channels.js';
import { GaugeSubscription } from './gauge-subscription.js';
import { KeptSubscription } from './kept-subscription.js';
import type { StreamHub } from './stream-hub.js';
import type { Listener, Subscription } from './subscription.js';

type Since = Partial<Record<Channel, number>>;

/** Which channels a session hears. */
export class Subscriptions {
  private readonly open = new Map<Channel, Subscription>();

  constructor(
    private readonly listener: Listener,
    private readonly hub: StreamHub,
  ) {}

  /** From now on; a channel that is heard already begins anew. */
  async start(channels: readonly Channel[], since: Since): Promise<void> {
    const started = channels.map((channel) => [channel, this.replace(channel)] as const);
    // One after the other: a newcomer's snapshots shall not crowd out other work.
    for (const [channel, subscription] of started) {
      try {
        await subscription.open(since[channel]);
      } catch (error) {
        this.listener.complain(error);
      }
    }
  }

  end(channels: readonly Channel[]): void {
    for (const channel of channels) {
      this.open.get(channel)?.end();
      this.open.delete(channel);
    }
  }

  endAll(): void {
    this.end([...this.open.keys()]);
  }

  private replace(channel: Channel): Subscription {
    this.end([channel]);
    const subscription = this.make(channel);
    this.open.set(channel, subscription);
    return subscription;
  }

  private make(channel: Channel): Subscription {
    const { listener, hub } = this;
    if (!isKept(channel)) return new GaugeSubscription(listener, channel, hub);
    return new KeptSubscription(listener, hub.feedOf(listener.userId ?? '', channel), hub);
  }
}
