import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditEvent } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import { EventBus } from '../common/event-bus.js';
import { UnitOfWork } from '../database/unit-of-work.js';

/**
 * Emitted after a change of what a user may do (password, role, disabling): whoever remembers a verified caller of
 * this user forgets it.
 */
export const USER_ACCESS_CHANGED = 'user.access_changed';

/** Changes of accounts: the change and its audit entry are one transaction, and whom it concerns hears of it after. */
@Injectable()
export class UserChanges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
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

  announceAccess(userId: string): void {
    this.announce(USER_ACCESS_CHANGED, userId);
  }

  announce(name: string, userId: string): void {
    this.events.emit({ name, userId, at: this.clock.now(), data: { id: userId } });
  }
}
