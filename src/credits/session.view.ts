import { creditsFromMicro } from '../common/money.js';
import type { CreditSession, SessionKind } from './usage/credit-session.entity.js';
import type { Page } from './usage/page.js';

/** A session of use that has ended, with the credit fields as they stood then. */
export class SessionView {
  id: string;
  /** The rental's id, or the id of a run of requests. */
  session_id: string;
  kind: SessionKind;
  client_id: string;
  ip: string | null;
  /** `YYYY-MM-DD`, UTC, of the beginning. */
  date: string;
  /** `HH:MM:SS`, UTC, of the beginning. */
  time: string;
  /** Whole seconds. */
  duration: number;
  credits_remaining: number;
  credits_total: number;
  credits_overage: number;
  credits_cap: number;
  credits_auto_renew: boolean;

  static from(session: CreditSession): SessionView {
    const startedAt = new Date(session.startedAt).toISOString();
    return {
      id: session.id,
      session_id: session.sessionId,
      kind: session.kind,
      client_id: session.clientId,
      ip: session.ip,
      date: startedAt.slice(0, 10),
      time: startedAt.slice(11, 19),
      duration: session.durationSeconds,
      credits_remaining: creditsFromMicro(session.remainingMicro),
      credits_total: creditsFromMicro(session.totalMicro),
      credits_overage: creditsFromMicro(session.overageMicro),
      credits_cap: creditsFromMicro(session.capMicro),
      credits_auto_renew: session.hasAutoRenew,
    };
  }
}

export class SessionListView {
  sessions: SessionView[];
  /** `cursor` of the next page; null on the last one. */
  next_cursor: string | null;

  static from({ rows, nextCursor }: Page<CreditSession>): SessionListView {
    return { sessions: rows.map((row) => SessionView.from(row)), next_cursor: nextCursor };
  }
}
