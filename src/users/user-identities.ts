import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditEvent } from '../audit/audit-event.js';
import { Clock } from '../common/clock.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { UserChanges } from './user-changes.js';
import type { User } from './user.entity.js';
import { UserRepository } from './user.repository.js';
import { emailTaken, userNotFound } from './users.errors.js';

/** What tells who the owner of an account is, and lets them in. */
export type Identity = Pick<User, 'email' | 'name' | 'passwordHash' | 'mustChangePassword'>;

/** Fits no password: no hash has this form. */
const NO_PASSWORD = '!';

/** Takes the owner's identity out of an account, which stays for the books, and puts it back. */
@Injectable()
export class UserIdentities {
  constructor(
    private readonly users: UserRepository,
    private readonly changes: UserChanges,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError 404 `user_not_found` unless there is such an account that still has its owner */
  async requireOwned(userId: string): Promise<void> {
    const user = await this.users.findById(userId);
    if (!user || user.passwordHash === NO_PASSWORD) throw userNotFound();
  }

  /**
   * Shuts the account and leaves nothing of its owner in it; logins and keys are void at once.
   * @param keep puts the identity away, in the same transaction
   * @throws DomainError 404 `user_not_found`, 409 `last_admin`
   */
  async take(
    event: AuditEvent,
    userId: string,
    keep: (identity: Identity, manager: EntityManager) => Promise<void>,
  ): Promise<void> {
    const tombstone = {
      email: `deleted-${userId}@invalid`,
      name: '',
      passwordHash: NO_PASSWORD,
      mustChangePassword: false,
      isAdmin: false,
      isActive: false,
    };
    await this.changes.makeKeepingAnAdmin(event, userId, tombstone, (manager, before) =>
      keep(identityOf(before), manager),
    );
  }

  /**
   * The opposite; logins of before stay void, and rights of an administrator have to be given anew.
   * @throws DomainError 409 `email_taken` when somebody else has the address by now
   */
  async giveBack(
    event: AuditEvent,
    userId: string,
    identity: Identity,
    alongside: (manager: EntityManager) => Promise<void>,
  ): Promise<void> {
    const patch = { ...identity, isActive: true, updatedAt: this.clock.now() };
    try {
      await this.changes.make(event, async (manager) => {
        await this.users.updateAndEndSessions({ id: userId }, patch, manager);
        await alongside(manager);
      });
    } catch (error) {
      throw isUniqueViolation(error, 'users', ['email']) ? emailTaken() : error;
    }
    this.changes.announceAccess(userId);
  }
}

function identityOf({ email, name, passwordHash, mustChangePassword }: User): Identity {
  return { email, name, passwordHash, mustChangePassword };
}
