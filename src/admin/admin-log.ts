import { Injectable, Logger } from '@nestjs/common';
import type { AuditAction } from '../audit/audit-action.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Origin } from '../common/origin.js';

/** Something that an administrator looked at, or changed in several steps, that is not his own. */
export interface AdminAction {
  action: AuditAction;
  /** What it was done to, as `kind:id`. */
  target?: string;
  /** Whose account it concerns. */
  subjectId?: string;
  /** Values before and after; never secrets. */
  before?: object;
  after?: object;
}

/** Keeps a trace of what administrators do. */
@Injectable()
export class AdminLog {
  private readonly logger = new Logger(AdminLog.name);

  constructor(private readonly audit: AuditLog) {}

  /** Resolves when it is written: an administrator sees nothing of what is not recorded. */
  async record(origin: Origin, { action, target, subjectId, before, after }: AdminAction): Promise<void> {
    await this.audit.record({ action, origin, target, subjectId, details: { before, after } });
    const { actorId: actor_id, credentialId: credential_id, requestId: request_id } = origin;
    this.logger.log({ msg: 'admin action', action, target, actor_id, credential_id, request_id });
  }
}
