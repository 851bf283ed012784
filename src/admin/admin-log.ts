import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '../common/caller.js';

/** Something that an administrator did, or looked at, that is not his own. */
export interface AdminAction {
  /** `noun.verb` */
  action: string;
  /** What it was done to: a user's id, `ledger`… */
  target: string;
  /** Values before and after; never secrets. */
  before?: object;
  after?: object;
}

/** Keeps a trace of what administrators do, in the log. */
@Injectable()
export class AdminLog {
  private readonly logger = new Logger(AdminLog.name);

  record({ userId: actor_id, credentialId: credential_id }: Caller, action: AdminAction): void {
    this.logger.log({ msg: 'admin action', actor_id, credential_id, ...action });
  }
}
