import type { Session, SessionEndReason } from './session.entity.js';

/** Where the tokens of one login are exchanged; the same one may get a lost answer again. */
export interface SessionDevice {
  ip: string;
  userAgent: string;
}

export interface TokenRotation {
  sessionId: string;
  fromHash: string;
  toHash: string;
  device: SessionDevice;
  /** Epoch milliseconds. */
  now: number;
  idleExpiresAt: number;
}

/** A position in a user's list of logins, which is ordered by creation, newest first. */
export interface SessionCursor {
  createdAt: number;
  id: string;
}

/**
 * Where login sessions are kept. A session is *live* at `now` while it has not ended and neither expiry has come.
 * A store that cannot be reached throws DomainError 503; it never answers that a session is gone when it cannot know.
 */
export interface SessionStore {
  /** The value of SESSION_MODE that chooses this store. */
  readonly mode: string;

  create(session: Session): Promise<void>;

  /** Whatever its state; undefined when it was never made or has been purged. */
  find(sessionId: string): Promise<Session | undefined>;

  /**
   * Replaces the current token by its successor, atomically: true for exactly one of any number of simultaneous calls
   * with the same `fromHash`, false when that is not the current token or the session is not live.
   */
  rotate(rotation: TokenRotation): Promise<boolean>;

  /** Live sessions of a user, newest first, after the position. */
  listLive(userId: string, now: number, limit: number, after?: SessionCursor): Promise<Session[]>;

  /** Ends a live session; false when it was not live. */
  end(sessionId: string, reason: SessionEndReason, now: number): Promise<boolean>;

  /** Ends all live sessions of a user. */
  endAll(userId: string, reason: SessionEndReason, now: number): Promise<void>;

  /** Forgets sessions that were over before the instant; answers how many. */
  purge(overBefore: number): Promise<number>;
}

/** All stores, for the one that the configuration names to be picked from. */
export const SESSION_STORES = Symbol('SESSION_STORES');

/** The store that the configuration chose. */
export const SESSION_STORE = Symbol('SESSION_STORE');
