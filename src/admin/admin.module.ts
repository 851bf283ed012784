import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CreditsModule } from '../credits/credits.module.js';
import { UsersModule } from '../users/users.module.js';
import { AdminLog } from './admin-log.js';
import { AdminAuditController } from './audit/admin-audit.controller.js';
import { AdminCreditsController } from './credits/admin-credits.controller.js';
import { Granting } from './credits/granting.service.js';
import { AdminLedgerController } from './ledger/admin-ledger.controller.js';
import { AdminStatsController } from './stats/admin-stats.controller.js';
import { StatsRepository } from './stats/stats.repository.js';
import { AdminUsageController } from './usage/admin-usage.controller.js';
import { AdminUsersController } from './users/admin-users.controller.js';
import { UserAdministration } from './users/user-administration.service.js';

/** What administrators see and do over HTTP; nothing imports it. */
@Module({
  imports: [AuditModule, CreditsModule, UsersModule],
  controllers: [
    AdminAuditController,
    AdminCreditsController,
    AdminLedgerController,
    AdminStatsController,
    AdminUsageController,
    AdminUsersController,
  ],
  providers: [AdminLog, Granting, StatsRepository, UserAdministration],
})
export class AdminModule {}
