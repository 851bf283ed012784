import type { StreamMessage } from './stream-message.js';
import type { ServerFrame } from './frames.js';
import type { Snapshots } from './snapshots.js';

/** A session's place in one channel. */
export interface Subscription {
  /** @param since the last number that the client has seen; undefined = it begins with the present state */
  open(since: number | undefined): Promise<void>;
  end(): void;
}

/** What a subscription needs of its session. */
export interface Listener {
  readonly userId: string | undefined;
  readonly snapshots: Snapshots;
  /** False while the client does not keep up. */
  hasRoom(): boolean;
  send(frame: ServerFrame): void;
  share(message: StreamMessage): void;
  onceDrained(listener: () => void): void;
  /** Something went wrong that the client has to know. */
  complain(error: unknown): void;
}
