import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import type { Origin } from '../../common/origin.js';
import { AppConfig } from '../../config/config.js';
import { UserIdentities } from '../../users/user-identities.js';
import { AccountDeletion } from './account-deletion.entity.js';
import { AccountDeletionRepository } from './account-deletion.repository.js';
import { IdentityBox, type SealedIdentity } from './identity-box.js';
import { removeRows, TRACES } from './user-rows.js';

/** Deleting and restoring accounts. What identifies the owner leaves the tables at once; erasing comes later, by a job. */
@Injectable()
export class AccountDeletions {
  constructor(
    private readonly deletions: AccountDeletionRepository,
    private readonly identities: UserIdentities,
    private readonly box: IdentityBox,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError 404 `user_not_found`, also for one that is deleted */
  requirePresent(userId: string): Promise<void> {
    return this.identities.requireOwned(userId);
  }

  /** Logins and keys are void at once. Answers when it will be erased. @throws DomainError 409 `last_admin` */
  async delete(userId: string, origin: Origin): Promise<number> {
    const requestedAt = this.clock.now();
    const eraseAt = requestedAt + this.config.privacy.eraseDelayMs;
    const event = { action: 'account.deleted', origin, subjectId: userId, target: `user:${userId}` } as const;
    await this.identities.take(event, userId, async (identity, manager) => {
      const sealed = await this.box.seal(userId, identity, manager);
      const row = { id: userId, ...sealed, requestedAt, eraseAt, erasedAt: null };
      await this.put(row, manager);
    });
    return eraseAt;
  }

  /** Whose deleted account the address belonged to. */
  async find(email: string): Promise<SealedIdentity | undefined> {
    const row = await this.deletions.findRestorable(this.box.hashesOf(email));
    return row && row.eraseAt > this.clock.now() ? this.box.open(row) : undefined;
  }

  /** @throws DomainError 409 `email_taken` */
  async restore({ userId, identity }: SealedIdentity, origin: Origin): Promise<void> {
    const user: Origin = { ...origin, actorKind: 'user', actorId: userId };
    const event = { action: 'account.restored', origin: user, target: `user:${userId}` } as const;
    await this.identities.giveBack(event, userId, identity, async (manager) => {
      if (!(await this.deletions.remove(userId, manager)))
        throw new Error('the account was erased meanwhile');
    });
  }

  private async put(row: AccountDeletion, manager: EntityManager): Promise<void> {
    await this.deletions.insert(row, manager);
    await removeRows(TRACES, row.id, manager);
  }
}
