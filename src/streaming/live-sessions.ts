import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { API_KEY_CHANGED } from '../auth/api-keys/api-keys.service.js';
import type { Caller } from '../common/caller.js';
import { EventBus } from '../common/event-bus.js';
import { SESSION_ENDED } from '../sessions/sessions.service.js';
import { USER_ACCESS_CHANGED } from '../users/users.service.js';
import { CLOSE } from './connection.js';
import { StreamAccess } from './stream-access.js';
import type { StreamSession, Verify } from './stream-session.js';

/** What ends by itself, and what no event told of, is noticed after this time. */
const RECHECK_EVERY_MS = 5000;
/** Of this or another process: `RevocationRelay` repeats here what happened there. */
const ACCESS_EVENTS = [USER_ACCESS_CHANGED, SESSION_ENDED, API_KEY_CHANGED];

/** Every open conversation of this process, whatever its transport. */
@Injectable()
export class LiveSessions implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sessions = new Set<StreamSession>();
  private subscriptions: (() => void)[] = [];
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly events: EventBus,
    private readonly access: StreamAccess,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.recheck(), RECHECK_EVERY_MS).unref();
    // A moment later: remembered callers are forgotten by the same event.
    this.subscriptions = ACCESS_EVENTS.map((name) =>
      this.events.on(name, ({ userId }) => setImmediate(() => this.recheck(userId))),
    );
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.subscriptions.forEach((unsubscribe) => unsubscribe());
  }

  get count(): number {
    return this.sessions.size;
  }

  add(session: StreamSession): void {
    this.sessions.add(session);
  }

  remove(session: StreamSession): void {
    this.sessions.delete(session);
  }

  /** The server is going away; clients come back to another process and resume by `since`. */
  closeAll(): void {
    this.sessions.forEach((session) => session.close(CLOSE.goingAway, 'server is going away'));
  }

  /** Sessions with the same credential share one look. */
  private recheck(userId?: string): void {
    const looks = new Map<string, Promise<Caller>>();
    const verify: Verify = (token, address) => {
      const look = looks.get(token) ?? this.access.verify(token, address);
      looks.set(token, look);
      return look;
    };
    for (const session of this.sessions) {
      if (userId === undefined || session.userId === userId) void session.recheck(verify);
    }
  }
}
