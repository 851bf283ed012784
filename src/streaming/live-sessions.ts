import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { EventBus } from '../common/event-bus.js';
import { SESSION_ENDED } from '../sessions/sessions.service.js';
import { USER_ACCESS_CHANGED } from '../users/users.service.js';
import { CLOSE } from './connection.js';
import type { StreamSession } from './stream-session.js';

/** A revoked key is noticed after this time at the latest; what the event bus tells of is noticed at once. */
const RECHECK_EVERY_MS = 5000;

/** Every open conversation of this process, whatever its transport. */
@Injectable()
export class LiveSessions implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly sessions = new Set<StreamSession>();
  private timer?: NodeJS.Timeout;

  constructor(private readonly events: EventBus) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.recheck(), RECHECK_EVERY_MS).unref();
    for (const name of [USER_ACCESS_CHANGED, SESSION_ENDED]) {
      this.events.on(name, ({ userId }) => setImmediate(() => this.recheck(userId)));
    }
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
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

  private recheck(userId?: string): void {
    for (const session of this.sessions) {
      if (userId === undefined || session.userId === userId) void session.recheck();
    }
  }
}
