import { Injectable, Logger } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import { MethodSaving } from '../../billing/methods/method-saving.service.js';
import { Clock } from '../../common/clock.js';
import { SYSTEM } from '../../common/origin.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import type { AccountDeletion } from './account-deletion.entity.js';
import { AccountDeletionRepository } from './account-deletion.repository.js';
import { BELONGINGS, removeRows, TRACES } from './user-rows.js';

const ACCOUNTS_PER_ROUND = 50;

/**
 * Erases accounts whose time to be restored is over: the payment processors first, which may have to be asked again,
 * then everything here in one transaction. With the personal keys all that is encrypted under them is unreadable, in
 * the audit log as in every copy of it.
 */
@Injectable()
export class AccountEraser {
  private readonly logger = new Logger(AccountEraser.name);

  constructor(
    private readonly deletions: AccountDeletionRepository,
    private readonly methods: MethodSaving,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  async eraseDue(signal?: AbortSignal): Promise<void> {
    for (const deletion of await this.deletions.due(this.clock.now(), ACCOUNTS_PER_ROUND)) {
      if (signal?.aborted) return;
      await this.attempt(deletion);
    }
  }

  private async attempt(deletion: AccountDeletion): Promise<void> {
    try {
      await this.erase(deletion);
    } catch (error) {
      this.logger.error({ msg: 'account not erased, will be repeated', user: deletion.id, err: error });
    }
  }

  private async erase({ id: userId }: AccountDeletion): Promise<void> {
    await this.methods.forgetUser(userId);
    const event = {
      action: 'account.erased',
      origin: SYSTEM,
      subjectId: userId,
      target: `user:${userId}`,
    } as const;
    await this.unitOfWork.run(async (manager) => {
      if (!(await this.deletions.markErased(userId, this.clock.now(), manager))) return;
      await removeRows(TRACES, userId, manager);
      await removeRows(BELONGINGS, userId, manager);
      await this.audit.append(event, manager);
    });
    this.logger.log({ msg: 'account erased', user: userId });
  }
}
