import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { JobsModule } from '../jobs/jobs.module.js';
import { AutoRenewController } from './auto-renew/auto-renew.controller.js';
import { AutoRenewRepository } from './auto-renew/auto-renew.repository.js';
import { AutoRenewRules } from './auto-renew/auto-renew-rules.service.js';
import { CreditsController } from './credits.controller.js';
import { CREDITS_ENTITIES } from './credits.entities.js';
import { CreditsJobs } from './credits.jobs.js';
import { EconomicsRepository } from './economics/economics.repository.js';
import { Economics } from './economics/economics.service.js';
import { UsageExport } from './exports/usage-export.service.js';
import { AccountOpener } from './ledger/account-opener.js';
import { AccountSettings } from './ledger/account-settings.js';
import { AccountRepository } from './ledger/account.repository.js';
import { BalanceReader } from './ledger/balance-reader.js';
import { CashBook } from './ledger/cash-book.js';
import { EntryHistory } from './ledger/entry-history.service.js';
import { GroupCommit } from './ledger/group-commit.js';
import { HoldDesk } from './ledger/hold-desk.js';
import { HoldExpiry } from './ledger/hold-expiry.js';
import { HoldKeeper } from './ledger/hold-keeper.js';
import { HoldRepository } from './ledger/hold.repository.js';
import { LedgerFindingsRepository } from './ledger/ledger-findings.repository.js';
import { LedgerMetrics } from './ledger/ledger-metrics.js';
import { LedgerReport } from './ledger/ledger-report.js';
import { LedgerVerifier } from './ledger/ledger-verifier.js';
import { LedgerService } from './ledger/ledger.service.js';
import { PlatformPoster } from './ledger/platform-poster.js';
import { Poster } from './ledger/poster.js';
import { TransferRepository } from './ledger/transfer.repository.js';
import { FarmCosts } from './metering/farm-costs.service.js';
import { MeterOpener } from './metering/meter-opener.js';
import { RentalAuthorization } from './metering/rental-authorization.js';
import { RentalBooks } from './metering/rental-books.js';
import { RentalCosts } from './metering/rental-costs.js';
import { RentalMeterRepository } from './metering/rental-meter.repository.js';
import { RentalMeterService } from './metering/rental-meter.service.js';
import { RentalSettlement } from './metering/rental-settlement.js';
import { RentalTickService } from './metering/rental-tick.service.js';
import { RentalTicker } from './metering/rental-ticker.js';
import { RunwayWatch } from './metering/runway-watch.js';
import { GpuQuota } from './quotas/gpu-quota.js';
import { QuotaRepository } from './quotas/quota.repository.js';
import { QuotaSettings } from './quotas/quota-settings.js';
import { Quotas } from './quotas/quotas.service.js';
import { RequestQuota } from './quotas/request-quota.js';
import { BlockBook } from './requests/block-book.js';
import { BlockFunds } from './requests/block-funds.js';
import { BlockHolds } from './requests/block-holds.js';
import { BlockKeeper } from './requests/block-keeper.js';
import { BlockReaper } from './requests/block-reaper.js';
import { BlockRecall } from './requests/block-recall.js';
import { BlockRoom } from './requests/block-room.js';
import { BlockUpkeep } from './requests/block-upkeep.js';
import { RequestBlockRepository } from './requests/request-block.repository.js';
import { KeyBudgetRepository } from './requests/key-budget.repository.js';
import { PurseReader } from './requests/purse-reader.js';
import { RequestBudget } from './requests/request-budget.js';
import { RequestPricing } from './requests/request-pricing.js';
import { CreditHistory } from './usage/credit-history.service.js';
import { StatementBuilder } from './statements/statement-builder.js';
import { StatementRepository } from './statements/statement.repository.js';
import { StatementsController } from './statements/statements.controller.js';
import { InstanceBusyTime } from './usage/instance-busy-time.js';
import { RequestCosts } from './usage/request-costs.js';
import { RequestRuns } from './usage/request-runs.js';
import { SessionRecorder } from './usage/session-recorder.js';
import { SessionRepository } from './usage/session.repository.js';
import { UsageRecorder } from './usage/usage-recorder.js';
import { UsageRepository } from './usage/usage.repository.js';

const LEDGER = [
  AccountOpener,
  AccountRepository,
  BalanceReader,
  CashBook,
  GroupCommit,
  HoldDesk,
  HoldExpiry,
  HoldKeeper,
  HoldRepository,
  LedgerFindingsRepository,
  PlatformPoster,
  Poster,
  TransferRepository,
];
const METERING = [
  RentalAuthorization,
  MeterOpener,
  RentalBooks,
  RentalCosts,
  RentalMeterRepository,
  RentalSettlement,
  RentalTicker,
  RentalTickService,
  RunwayWatch,
];
const REQUESTS = [
  BlockBook,
  BlockFunds,
  BlockHolds,
  BlockKeeper,
  BlockReaper,
  BlockRecall,
  BlockRoom,
  BlockUpkeep,
  KeyBudgetRepository,
  PurseReader,
  RequestBlockRepository,
];
const QUOTAS = [GpuQuota, QuotaRepository, QuotaSettings, RequestQuota];
const USAGE = [RequestCosts, RequestRuns, SessionRecorder, SessionRepository, UsageRepository];
const PAPERS = [AutoRenewRepository, EconomicsRepository, StatementBuilder, StatementRepository, UsageExport];
const PUBLIC = [
  AutoRenewRules,
  LedgerService,
  AccountSettings,
  Economics,
  EntryHistory,
  FarmCosts,
  LedgerVerifier,
  LedgerReport,
  RentalMeterService,
  InstanceBusyTime,
  Quotas,
  RequestBudget,
  RequestPricing,
  UsageRecorder,
  CreditHistory,
];

export const CREDITS_PROVIDERS = [
  ...LEDGER,
  ...METERING,
  ...REQUESTS,
  ...QUOTAS,
  ...USAGE,
  ...PAPERS,
  ...PUBLIC,
  CreditsJobs,
];

/** The ledger, the metering of rentals and the history of use. */
@Module({
  imports: [JobsModule, TypeOrmModule.forFeature(CREDITS_ENTITIES)],
  controllers: [CreditsController, AutoRenewController, StatementsController],
  providers: [...CREDITS_PROVIDERS, LedgerMetrics],
  exports: PUBLIC,
})
export class CreditsModule {}
