import { Injectable } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import type { Origin } from '../common/origin.js';
import type { Session } from '../sessions/session.entity.js';
import type { SessionCursor, SessionDevice } from '../sessions/session-store.js';
import { SessionsService, type OpenSession } from '../sessions/sessions.service.js';
import { invalidRefreshToken } from '../sessions/sessions.errors.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { unauthenticated } from './auth.errors.js';
import { AccessTokenService } from './tokens/access-token.service.js';
import type { TokensView } from './tokens/tokens.view.js';
import { isOpenFor } from './verification/token.authenticator.js';

/** The logins of users, as pairs of tokens. */
@Injectable()
export class LoginSessionsService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly accessTokens: AccessTokenService,
    private readonly audit: AuditLog,
  ) {}

  /** Nobody is let in whose login could not be recorded. */
  async open(user: User, device: SessionDevice, origin: Origin): Promise<TokensView> {
    const owner = { userId: user.id, accountEpoch: user.sessionEpoch };
    const opened = await this.sessions.open(owner, device);
    await this.record('login.succeeded', opened.session, origin);
    return this.tokensOf(opened);
  }

  /** @throws DomainError 401 `invalid_refresh_token` */
  async refresh(refreshToken: string, device: SessionDevice): Promise<TokensView> {
    const session = await this.sessions.findByToken(refreshToken);
    const user = session && (await this.users.findById(session.userId));
    if (!user || !isOpenFor(user, session)) throw invalidRefreshToken();
    return this.tokensOf(await this.sessions.refresh(refreshToken, device));
  }

  /** Ends the logins that the tokens in hand belong to. @throws DomainError 401 when neither belongs to a live one */
  async logout(
    accessToken: string | undefined,
    refreshToken: string | undefined,
    origin: Origin,
  ): Promise<void> {
    const found = [
      accessToken === undefined ? undefined : await this.findByAccessToken(accessToken),
      refreshToken === undefined ? undefined : await this.sessions.findByToken(refreshToken),
    ];
    const live = found.filter((session) => session !== undefined);
    if (live.length === 0) throw refreshToken === undefined ? unauthenticated() : invalidRefreshToken();
    for (const session of live) await this.endOne(session, origin);
  }

  /** Whoever logs in again while logged in gets a new session for the old one. */
  async endReplaced(accessToken: string | undefined, user: User, origin: Origin): Promise<void> {
    const session = accessToken === undefined ? undefined : await this.findByAccessToken(accessToken);
    if (session?.userId === user.id) await this.endOne(session, origin);
  }

  /** Ends every login of the user: the account's epoch first, so that it holds even if we are interrupted. */
  async logoutAll(userId: string, origin: Origin): Promise<void> {
    await this.users.endSessions(userId, origin);
    await this.endAll(userId);
  }

  /** Clears up after the account's epoch has changed: the sessions are void already. */
  endAll(userId: string): Promise<void> {
    return this.sessions.endAll(userId);
  }

  list(userId: string, limit: number, after?: SessionCursor): Promise<Session[]> {
    return this.sessions.list(userId, limit, after);
  }

  /** @throws DomainError 404 `session_not_found` */
  async end(userId: string, sessionId: string, origin: Origin): Promise<void> {
    await this.sessions.endOwned(userId, sessionId);
    await this.record('session.ended', { id: sessionId, userId }, origin);
  }

  private async endOne(session: Session, origin: Origin): Promise<void> {
    await this.sessions.end(session, 'logout');
    await this.record('session.ended', session, origin);
  }

  /** Whoever holds the tokens of a login is its user. */
  private record(
    action: 'login.succeeded' | 'session.ended',
    { id, userId }: Pick<Session, 'id' | 'userId'>,
    origin: Origin,
  ): Promise<void> {
    const user: Origin =
      origin.actorKind === 'anonymous' ? { ...origin, actorKind: 'user', actorId: userId } : origin;
    return this.audit.record({ action, origin: user, subjectId: userId, target: `session:${id}` });
  }

  private async findByAccessToken(token: string): Promise<Session | undefined> {
    const claims = this.accessTokens.read(token);
    const session = claims && (await this.sessions.findLive(claims.sessionId));
    return session?.userId === claims?.userId ? session : undefined;
  }

  private tokensOf({ session, refreshToken }: OpenSession): TokensView {
    return {
      access_token: this.accessTokens.sign(session.userId, session.id),
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: this.accessTokens.lifeSeconds,
    };
  }
}
