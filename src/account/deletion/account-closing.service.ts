import { Injectable } from '@nestjs/common';
import { LoginService } from '../../auth/login.service.js';
import type { Origin } from '../../common/origin.js';
import type { SessionDevice } from '../../sessions/session-store.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import type { User } from '../../users/user.entity.js';
import { AccountDeletions } from './account-deletion.service.js';
import { AccountEraser } from './account-eraser.js';
import type { SealedIdentity } from './identity-box.js';
import { StandingCheck } from './standing-check.js';

/** The owner's way out, and back. */
@Injectable()
export class AccountClosing {
  constructor(
    private readonly logins: LoginService,
    private readonly standing: StandingCheck,
    private readonly deletions: AccountDeletions,
    private readonly sessions: SessionsService,
    private readonly eraser: AccountEraser,
  ) {}

  /**
   * Answers when the account will be erased.
   * @throws DomainError 401 `invalid_credentials`, 409 `rentals_running`, `money_owed`, `last_admin`, 403, 429
   */
  async close(userId: string, password: string, origin: Origin): Promise<number> {
    await this.logins.confirm(userId, password, deviceOf(origin));
    return this.closeFor(userId, origin);
  }

  /** For an owner who asked for it elsewhere. @throws DomainError 404 `user_not_found` and as `close` */
  async closeFor(userId: string, origin: Origin): Promise<number> {
    await this.deletions.requirePresent(userId);
    await this.standing.requireClear(userId);
    // Before the rows go: a store beside the database finds the logins by the user's id.
    await this.sessions.endAll(userId);
    const eraseAt = await this.deletions.delete(userId, origin);
    await this.eraser.eraseDue();
    return eraseAt;
  }

  /** @throws DomainError 401 `invalid_credentials`, 409 `email_taken`, 429 `too_many_attempts` */
  async reopen({ email, password }: { email: string; password: string }, origin: Origin): Promise<void> {
    let found: SealedIdentity | undefined;
    await this.logins.prove({ email, password }, deviceOf(origin), async (normalized) => {
      found = await this.deletions.find(normalized);
      return found && userOf(found);
    });
    if (found) await this.deletions.restore(found, origin);
  }
}

function deviceOf({ ip = '', userAgent = '' }: Origin): SessionDevice {
  return { ip, userAgent };
}

/** As far as checking a password needs it. */
function userOf({ userId, identity }: SealedIdentity): User {
  return { ...identity, id: userId } as User;
}
