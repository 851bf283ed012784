import { SessionView } from '../sessions/session.view.js';
import type { Session } from '../sessions/session.entity.js';
import type { Page } from './page.js';

/** The logins of the caller, newest first. */
export class SessionListView {
  sessions: SessionView[];
  next_cursor: string | null;

  static from({ rows, nextCursor }: Page<Session>, currentId: string): SessionListView {
    return { sessions: rows.map((row) => SessionView.from(row, currentId)), next_cursor: nextCursor };
  }
}
