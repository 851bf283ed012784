import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { newId } from '../common/id.js';
import { SECURITY_NOTED, type SecurityNote } from '../common/security-note.js';
import { AppConfig } from '../config/config.js';
import { hashRefreshToken, RefreshTokens, type RefreshToken } from './refresh-tokens.js';
import { SESSION_STORE, type SessionCursor, type SessionDevice, type SessionStore } from './session-store.js';
import type { Session, SessionEndReason } from './session.entity.js';
import { invalidRefreshToken, sessionNotFound } from './sessions.errors.js';

/** Emitted after a session has ended before its time; `data.id` is the session. Whoever remembers it forgets it. */
export const SESSION_ENDED = 'session.ended';

const ABSOLUTE_LIFE_MS = 30 * 24 * 3_600_000;
/** How long a caller whose answer was lost may ask for it again. */
const LOST_ANSWER_MS = 10_000;
const LONGEST_IP = 64;
const LONGEST_USER_AGENT = 256;

/** Whose login it is, and the state of the account it begins under (see `Session.accountEpoch`). */
export interface SessionOwner {
  userId: string;
  accountEpoch: number;
}

export interface OpenSession {
  session: Session;
  refreshToken: string;
}

/** Logins: opened, kept alive by exchanging refresh tokens, listed and ended. */
@Injectable()
export class SessionsService {
  private readonly logger = new Logger(SessionsService.name);

  constructor(
    @Inject(SESSION_STORE) private readonly store: SessionStore,
    private readonly tokens: RefreshTokens,
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly events: EventBus,
  ) {}

  async open({ userId, accountEpoch }: SessionOwner, device: SessionDevice): Promise<OpenSession> {
    const now = this.clock.now();
    const id = newId();
    const token = this.tokens.issue(id);
    const session: Session = {
      id,
      userId,
      accountEpoch,
      tokenHash: hashRefreshToken(token),
      previousTokenHash: null,
      rotatedAt: null,
      ...shortened(device),
      createdAt: now,
      lastSeenAt: now,
      idleExpiresAt: now + this.config.auth.refreshExpirationMs,
      expiresAt: now + ABSOLUTE_LIFE_MS,
      endedAt: null,
      endReason: null,
    };
    await this.store.create(session);
    return { session, refreshToken: token.text };
  }

  /** The session, while it is live. */
  async findLive(sessionId: string): Promise<Session | undefined> {
    const session = await this.store.find(sessionId);
    return session && this.isLive(session) ? session : undefined;
  }

  /** The live session that a refresh token belongs to, whether or not it is the token's turn. */
  async findByToken(text: string): Promise<Session | undefined> {
    const token = this.tokens.parse(text);
    return token && this.findLive(token.sessionId);
  }

  /**
   * Exchanges a refresh token for its successor. A used one ends the whole session, except within 10 s from the same
   * device: then its answer was lost, and it gets the same successor again.
   * @throws DomainError 401 `invalid_refresh_token`
   */
  async refresh(text: string, rawDevice: SessionDevice): Promise<OpenSession> {
    const token = this.tokens.parse(text);
    if (!token) throw invalidRefreshToken();
    const device = shortened(rawDevice);
    const successor = this.tokens.successorOf(token);
    const isRotated = await this.rotate(token, successor, device);
    const session = await this.findLive(token.sessionId);
    if (!session) throw invalidRefreshToken();
    if (isRotated || this.isLostAnswer(session, token, device)) {
      return { session, refreshToken: successor.text };
    }
    await this.endReused(session, device);
    throw invalidRefreshToken();
  }

  /** Live logins of a user, newest first, at most `limit` from the position on. */
  list(userId: string, limit: number, after?: SessionCursor): Promise<Session[]> {
    return this.store.listLive(userId, this.clock.now(), limit, after);
  }

  /** @throws DomainError 404 `session_not_found` unless it is a live session of this user */
  async endOwned(userId: string, sessionId: string): Promise<void> {
    const session = await this.findLive(sessionId);
    if (session?.userId !== userId) throw sessionNotFound();
    await this.end(session, 'revoked');
  }

  async end(session: Session, reason: SessionEndReason): Promise<void> {
    await this.store.end(session.id, reason, this.clock.now());
    this.announceEnd(session);
  }

  /** Ends every login of a user; their access tokens are void through the account's epoch. */
  async endAll(userId: string): Promise<void> {
    await this.store.endAll(userId, 'revoked', this.clock.now());
  }

  private rotate(from: RefreshToken, to: RefreshToken, device: SessionDevice): Promise<boolean> {
    const now = this.clock.now();
    return this.store.rotate({
      sessionId: from.sessionId,
      fromHash: hashRefreshToken(from),
      toHash: hashRefreshToken(to),
      device,
      now,
      idleExpiresAt: now + this.config.auth.refreshExpirationMs,
    });
  }

  private isLive({ endedAt, idleExpiresAt, expiresAt }: Session): boolean {
    return endedAt === null && Math.min(idleExpiresAt, expiresAt) > this.clock.now();
  }

  private isLostAnswer(session: Session, token: RefreshToken, device: SessionDevice): boolean {
    const isParent = session.previousTokenHash === hashRefreshToken(token);
    const isSameDevice = session.ip === device.ip && session.userAgent === device.userAgent;
    return isParent && isSameDevice && this.clock.now() - (session.rotatedAt ?? 0) <= LOST_ANSWER_MS;
  }

  private async endReused(session: Session, device: SessionDevice): Promise<void> {
    await this.end(session, 'refresh_token_reused');
    const { id, userId } = session;
    this.logger.warn({ msg: 'used refresh token presented; session ended', session: id, ip: device.ip });
    const data: SecurityNote = {
      action: 'session.token_reused',
      origin: { actorKind: 'anonymous', ...device },
      subjectId: userId,
      target: `session:${id}`,
    };
    this.events.emit({ name: SECURITY_NOTED, userId, at: this.clock.now(), data });
  }

  private announceEnd({ id, userId }: Session): void {
    this.events.emit({ name: SESSION_ENDED, userId, at: this.clock.now(), data: { id } });
  }
}

/** As long as the columns; what a caller sends must not be able to fail the login. */
function shortened({ ip, userAgent }: SessionDevice): SessionDevice {
  return { ip: ip.slice(0, LONGEST_IP), userAgent: userAgent.slice(0, LONGEST_USER_AGENT) };
}
