import type { Session } from './session.entity.js';

/** One login of the caller. */
export class SessionView {
  id: string;
  /** Address of the login or of its latest refresh. */
  ip: string;
  user_agent: string;
  created_at: string;
  /** The login or its latest refresh. */
  last_seen_at: string;
  /** Without a further refresh it ends here. */
  expires_at: string;
  /** Whether this is the login that asks. */
  current: boolean;

  static from(session: Session, currentId: string): SessionView {
    return {
      id: session.id,
      ip: session.ip,
      user_agent: session.userAgent,
      created_at: new Date(session.createdAt).toISOString(),
      last_seen_at: new Date(session.lastSeenAt).toISOString(),
      expires_at: new Date(Math.min(session.idleExpiresAt, session.expiresAt)).toISOString(),
      current: session.id === currentId,
    };
  }
}
