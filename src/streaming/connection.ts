import type { ServerFrame } from './frames.js';
import type { StreamMessage } from './stream-message.js';

/** Why a socket is closed; the 4xxx codes are ours. */
export const CLOSE = {
  goingAway: 1001,
  tooBig: 1009,
  overloaded: 1013,
  unauthorized: 4401,
  forbidden: 4403,
  authTimeout: 4408,
  tooManyFrames: 4429,
} as const;

/** One transport's socket, as the session sees it. */
export interface StreamConnection {
  /** @param json the frame's text, where it is known already */
  send(frame: ServerFrame, json?: string): void;
  /** The same for all who get it. */
  share(message: StreamMessage): void;
  close(code: number, reason: string): void;
  /** The client's address, for limits and the books. */
  readonly address: string;
  /** Bytes that the client has not taken yet. */
  readonly bufferedBytes: number;
  /** Calls the listener once, when the client has taken all that waits for it now. */
  onceDrained(listener: () => void): void;
}
