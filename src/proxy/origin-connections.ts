import type { Client } from 'undici';

/**
 * The connections to one origin, without a cap: one request at a time on each, the latest used first. undici's Pool
 * looks for a free one by asking all, which grows with the streams that are open and costs 4 us with none.
 */
export class OriginConnections {
  private readonly all = new Set<Client>();
  private readonly idle: Client[] = [];
  /** How many have not been needed since the last `trim`. */
  private unused = 0;
  private lastUsedAt = performance.now();

  constructor(private readonly makeClient: () => Client) {}

  /** Requests under way. */
  get active(): number {
    return this.all.size - this.idle.length;
  }

  take(): Client {
    const client = this.idle.pop() ?? this.open();
    if (this.idle.length < this.unused) this.unused = this.idle.length;
    return client;
  }

  /** Its request is complete. */
  giveBack(client: Client): void {
    this.lastUsedAt = performance.now();
    this.idle.push(client);
  }

  /** Its request failed or was given up: the connection is of no use to another. */
  drop(client: Client): void {
    this.lastUsedAt = performance.now();
    this.all.delete(client);
    void client.destroy();
  }

  /** Closes what has not been needed since the last time. */
  trim(): void {
    for (const client of this.idle.splice(0, this.unused)) this.drop(client);
    this.unused = this.idle.length;
  }

  isIdleSince(time: number): boolean {
    return this.active === 0 && this.lastUsedAt <= time;
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.all].map((client) => client.destroy()));
  }

  private open(): Client {
    const client = this.makeClient();
    this.all.add(client);
    return client;
  }
}
