import { Injectable } from '@nestjs/common';
import { SCOPES, type Caller } from '../../common/caller.js';
import type { Session } from '../../sessions/session.entity.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.entity.js';
import { UsersService } from '../../users/users.service.js';
import type { AccessClaims } from '../tokens/access-token.service.js';
import type { VerifiedCaller } from './caller-cache.js';

/** Looks up what an access token with a good signature speaks for: its login and its user, as they are now. */
@Injectable()
export class TokenAuthenticator {
  constructor(
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
  ) {}

  /** Undefined when the login or the account has ended. */
  async identify({ userId, sessionId, expiresAt }: AccessClaims): Promise<VerifiedCaller | undefined> {
    const session = await this.sessions.findLive(sessionId);
    if (session?.userId !== userId) return undefined;
    const user = await this.users.findById(userId);
    if (!user || !isOpenFor(user, session)) return undefined;
    const validUntil = Math.min(expiresAt, session.idleExpiresAt, session.expiresAt);
    return { caller: callerOf(user, sessionId), validUntil };
  }
}

/** Whether an account lets a login in: both are as they were when it was opened. */
export function isOpenFor(user: User, session: Session): boolean {
  return user.isActive && user.sessionEpoch === session.accountEpoch;
}

function callerOf(user: User, sessionId: string): Caller {
  return {
    userId: user.id,
    email: user.email,
    isAdmin: user.isAdmin,
    mustChangePassword: user.mustChangePassword,
    credential: 'jwt',
    credentialId: sessionId,
    scopes: SCOPES,
  };
}
