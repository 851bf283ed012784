import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditAction } from '../../audit/audit-action.js';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { EventBus } from '../../common/event-bus.js';
import type { Origin } from '../../common/origin.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { ApiKey } from './api-key.entity.js';

/** Emitted after a key was revoked or its end was changed; `data.id` is the key. Whoever remembers it forgets it. */
export const API_KEY_CHANGED = 'api_key.changed';

type ShownKey = Pick<ApiKey, 'id' | 'userId'> & Partial<Pick<ApiKey, 'prefix' | 'scopes' | 'name'>>;

/** Changes of keys: the change and its audit entry are one transaction, and whom it concerns hears of it after. */
@Injectable()
export class KeyChanges {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditLog,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  /** @param work answers false when it changed nothing: then there is nothing to record */
  make(
    action: Extract<AuditAction, `api_key.${string}`>,
    { id, userId, prefix, scopes, name }: ShownKey,
    origin: Origin,
    work: (manager: EntityManager) => Promise<unknown>,
  ): Promise<boolean> {
    // The admin program may run without the key that seals what is personal.
    const personal = name === undefined || origin.actorKind === 'operator' ? undefined : { name };
    const what = { subjectId: userId, target: `api_key:${id}`, details: { prefix, scopes }, personal };
    return this.unitOfWork.run(async (manager) => {
      if ((await work(manager)) === false) return false;
      await this.audit.append({ action, origin, ...what }, manager);
      return true;
    });
  }

  announce(userId: string, id: string): void {
    this.events.emit({ name: API_KEY_CHANGED, userId, at: this.clock.now(), data: { id } });
  }
}
