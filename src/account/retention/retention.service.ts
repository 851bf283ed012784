import { Injectable, Logger } from '@nestjs/common';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { SYSTEM } from '../../common/origin.js';
import { AppConfig } from '../../config/config.js';
import { PersonalVault } from '../../secrets/personal-vault.js';
import { OldRows } from './old-rows.js';

/** Forgets what has been kept long enough, and reports it. */
@Injectable()
export class Retention {
  private readonly logger = new Logger(Retention.name);

  constructor(
    private readonly config: AppConfig,
    private readonly clock: Clock,
    private readonly rows: OldRows,
    private readonly vault: PersonalVault,
    private readonly audit: AuditLog,
  ) {}

  async apply(signal: AbortSignal): Promise<void> {
    const now = this.clock.now();
    const { personalRetentionMs, callbackRetentionMs } = this.config.privacy;
    const report = {
      addresses_shortened: await this.rows.shortenAddresses(now - personalRetentionMs, signal),
      callbacks_emptied: await this.rows.emptyCallbacks(now - callbackRetentionMs),
      personal_keys_destroyed: await this.vault.forgetBefore(now - personalRetentionMs),
    };
    if (Object.values(report).every((count) => count === 0)) return;
    await this.audit.record({ action: 'retention.applied', origin: SYSTEM, details: report });
    this.logger.log({ msg: 'retention applied', ...report });
  }
}
