import type { ServerFrame } from './frames.js';

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
  send(frame: ServerFrame): void;
  close(code: number, reason: string): void;
  /** The client's address, for limits and the books. */
  readonly address: string | undefined;
  /** Bytes that the client has not taken yet. */
  readonly bufferedBytes: number;
}
