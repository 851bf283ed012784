import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditEvent } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { UserRepository } from './user.repository.js';
import { lastAdmin, userNotFound } from './users.errors.js';
import type { User } from './user.entity.js';

/**
 * Emitted after a change of what a user may do (password, role, disabling): whoever remembers a verified caller of
 * this user forgets it.
 */
export const USER_ACCESS_CHANGED = 'user.access_changed';

/** More work of the same transaction, done before the audit entry. */
export type Alongside = (manager: EntityManager, before: User) => Promise<void>;

/** Changes of accounts: the change and its audit entry are one transaction, and whom it concerns hears of it after. */
@Injectable()
export class UserChanges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UserRepository,
    private readonly audit: AuditLog,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /** @param work answers false when it changed nothing: then there is nothing to record */
  make<T>(event: AuditEvent, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.unitOfWork.run(async (manager) => {
      const result = await work(manager);
      if (result !== false) await this.audit.append(event, manager);
      return result;
    });
  }

  /**
   * Takes a power away unless nobody would be left to give it back. Whoever is shut out is logged out too.
   * @throws DomainError 404 `user_not_found`, 409 `last_admin`
   */
  async makeKeepingAnAdmin(
    event: AuditEvent,
    userId: string,
    change: Partial<User>,
    alongside?: Alongside,
  ): Promise<User> {
    const user = await this.make(event, async (manager) => {
      const found = await this.users.findById(userId, manager);
      if (!found) throw userNotFound();
      const isLast = found.isAdmin && found.isActive && (await this.users.countActiveAdmins(manager)) < 2;
      if (isLast) throw lastAdmin();
      const patch = { ...change, updatedAt: this.clock.now() };
      if (change.isActive === false) await this.users.updateAndEndSessions({ id: userId }, patch, manager);
      else await this.users.update({ id: userId }, patch, manager);
      await alongside?.(manager, found);
      return { ...found, ...patch };
    });
    this.announceAccess(userId);
    return user;
  }

  announceAccess(userId: string): void {
    this.announce(USER_ACCESS_CHANGED, userId);
  }

  announce(name: string, userId: string): void {
    this.events.emit({ name, userId, at: this.clock.now(), data: { id: userId } });
  }
}
