import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { provideAll } from '../common/registry.js';
import { CreditsModule } from '../credits/credits.module.js';
import { GpuModule } from '../gpu/gpu.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountController } from './account.controller.js';
import { AdminAccountsController } from './admin-accounts.controller.js';
import { AccountJobs } from './account.jobs.js';
import { AccountClosing } from './deletion/account-closing.service.js';
import { AccountDeletion } from './deletion/account-deletion.entity.js';
import { AccountDeletionRepository } from './deletion/account-deletion.repository.js';
import { AccountDeletions } from './deletion/account-deletion.service.js';
import { AccountEraser } from './deletion/account-eraser.js';
import { IdentityBox } from './deletion/identity-box.js';
import { StandingCheck } from './deletion/standing-check.js';
import { AccountExport } from './export/account-export.service.js';
import { EXPORT_PARTS, type ExportPart } from './export/export-part.js';
import { EXPORT_PART_CLASSES } from './export/parts/index.js';
import { MyAuditController } from './my-audit.controller.js';
import { RecentLogin } from './recent-login.js';
import { OldRows } from './retention/old-rows.js';
import { Retention } from './retention/retention.service.js';

const DELETION = [
  AccountClosing,
  AccountDeletionRepository,
  AccountDeletions,
  AccountEraser,
  IdentityBox,
  StandingCheck,
];

/** What a user owns as a person: a copy of all data, an end of it, and a look at what happened. */
@Module({
  imports: [
    TypeOrmModule.forFeature([AccountDeletion]),
    AuditModule,
    AuthModule,
    BillingModule,
    CreditsModule,
    GpuModule,
    JobsModule,
    SecretsModule,
    SessionsModule,
    UsersModule,
  ],
  controllers: [MyAuditController, AccountController, AdminAccountsController],
  providers: [
    ...provideAll<ExportPart>(EXPORT_PARTS, EXPORT_PART_CLASSES),
    ...DELETION,
    AccountExport,
    AccountJobs,
    OldRows,
    RecentLogin,
    Retention,
  ],
})
export class AccountModule {}
