import type { Channel, KeptChannel } from './channels.js';
import type { EventLog } from './event-log.js';
import type { ServerFrame } from './frames.js';
import type { StreamedEvent } from './stream-hub.js';

/**
 * One subscriber's place in one kept channel: lets each event through once and in order, and fetches from the log what a
 * jump in the numbers shows to be missing.
 */
export class ChannelCursor {
  private sent: number | undefined;
  private isFetching = false;
  private isFetchWanted = false;

  constructor(
    private readonly userId: string,
    private readonly channel: KeptChannel,
    private readonly log: EventLog,
    private readonly send: (frame: ServerFrame) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** From now on everything after `seq` is sent. */
  startAfter(seq: number): void {
    this.sent = seq;
    this.catchUp();
  }

  receive(event: StreamedEvent): void {
    if (this.sent === undefined || event.seq <= this.sent) return;
    if (event.seq === this.sent + 1 && !this.isFetching) this.pass(event);
    else this.catchUp();
  }

  catchUp(): void {
    if (this.sent === undefined) return;
    this.isFetchWanted = true;
    if (!this.isFetching) void this.fetch();
  }

  private async fetch(): Promise<void> {
    this.isFetching = true;
    try {
      while (this.isFetchWanted && this.sent !== undefined) {
        this.isFetchWanted = false;
        const missed = await this.log.since(this.userId, this.channel, this.sent);
        missed.forEach((event) => this.pass(event));
      }
    } catch (error) {
      this.failed(error);
    } finally {
      this.isFetching = false;
    }
  }

  private pass(event: StreamedEvent): void {
    if (this.sent === undefined || event.seq <= this.sent) return;
    const { channel } = this;
    if (event.seq > this.sent + 1)
      this.send({ type: 'gap', channel, from: this.sent + 1, to: event.seq - 1 });
    this.sent = event.seq;
    this.send(eventFrame(event));
  }
}

export function eventFrame({ channel, seq, at, data }: StreamedEvent & { channel: Channel }): ServerFrame {
  return { type: 'event', channel, seq, ts: new Date(at).toISOString(), data };
}
