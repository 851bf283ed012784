import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { provideAll } from '../common/registry.js';
import { CreditsModule } from '../credits/credits.module.js';
import { AccountOpener } from '../credits/ledger/account-opener.js';
import { AccountRepository } from '../credits/ledger/account.repository.js';
import { CashBook } from '../credits/ledger/cash-book.js';
import { HoldRepository } from '../credits/ledger/hold.repository.js';
import { PlatformPoster } from '../credits/ledger/platform-poster.js';
import { Poster } from '../credits/ledger/poster.js';
import { TransferRepository } from '../credits/ledger/transfer.repository.js';
import { EgressModule } from '../egress/egress.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { BILLING_ENTITIES } from './billing.entities.js';
import { BillingJobs, CallbackJob } from './billing.jobs.js';
import { DisputeBook } from './disputes/dispute-book.js';
import { DisputeRepository } from './disputes/dispute.repository.js';
import { Disputes } from './disputes/disputes.service.js';
import { MethodSaving } from './methods/method-saving.service.js';
import { PaymentMethodRepository } from './methods/payment-method.repository.js';
import { PaymentMetrics } from './payment-metrics.js';
import { PaymentMethods } from './methods/payment-methods.service.js';
import { PaymentMethodsController } from './methods/payment-methods.controller.js';
import { NextActionBox } from './payments/next-action-box.js';
import { PaymentAlerts } from './payments/payment-alerts.js';
import { PaymentEvents } from './payments/payment-events.js';
import { PaymentFactory } from './payments/payment-factory.js';
import { PaymentLedger } from './payments/payment-ledger.js';
import { PaymentOutcomes } from './payments/payment-outcomes.js';
import { PaymentPoller } from './payments/payment-poller.js';
import { PaymentProgress } from './payments/payment-progress.js';
import { PaymentRepository } from './payments/payment.repository.js';
import { PaymentRequests } from './payments/payment-requests.js';
import { PaymentSettlement } from './payments/payment-settlement.js';
import { PaymentStanding } from './payments/payment-standing.js';
import { PaymentSync } from './payments/payment-sync.service.js';
import { PaymentsController } from './payments/payments.controller.js';
import { PaymentsService } from './payments/payments.service.js';
import { CRYPTO_ENTITIES } from './processors/crypto/crypto.entities.js';
import { PAYMENT_PROCESSOR_CLASSES, PAYMENT_PROCESSOR_PARTS } from './processors/index.js';
import { PAYMENT_PROCESSORS } from './processors/payment-processor.js';
import { PaymentProcessors } from './processors/payment-processors.js';
import { RefundBook } from './refunds/refund-book.js';
import { RefundNewsReader } from './refunds/refund-news.js';
import { RefundRepository } from './refunds/refund.repository.js';
import { RefundsController } from './refunds/refunds.controller.js';
import { RefundsService } from './refunds/refunds.service.js';
import { ClearingCheck } from './reconciliation/clearing-check.js';
import { KnownMoneyRepository } from './reconciliation/known-money.repository.js';
import { RenewalAttempts } from './renewals/renewal-attempts.js';
import { RenewalRepository } from './renewals/renewal.repository.js';
import { RenewalRunner } from './renewals/renewal-runner.js';
import { CallbackInbox } from './webhooks/callback-inbox.js';
import { CallbackRepository } from './webhooks/callback.repository.js';
import { CallbackWorker } from './webhooks/callback-worker.js';
import { CallbacksController } from './webhooks/callbacks.controller.js';
import { NewsDesk } from './webhooks/news-desk.js';
import { RefusalLimit } from './webhooks/refusal-limit.js';

/** The ledger inside the payments' own transactions: its parts hold no state, so these are as good as the ledger's own. */
const LEDGER = [
  AccountOpener,
  AccountRepository,
  CashBook,
  HoldRepository,
  PlatformPoster,
  Poster,
  TransferRepository,
];
const PAYMENTS = [
  NextActionBox,
  PaymentAlerts,
  PaymentEvents,
  PaymentFactory,
  PaymentLedger,
  PaymentOutcomes,
  PaymentPoller,
  PaymentProgress,
  PaymentRepository,
  PaymentRequests,
  PaymentSettlement,
  PaymentStanding,
  PaymentSync,
  PaymentsService,
];
const CALLBACKS = [CallbackInbox, CallbackRepository, CallbackWorker, NewsDesk, RefusalLimit];
const REFUNDS = [RefundBook, RefundNewsReader, RefundRepository, RefundsService];
const DISPUTES = [DisputeBook, DisputeRepository, Disputes];
const METHODS = [MethodSaving, PaymentMethodRepository, PaymentMethods];
const RENEWALS = [RenewalAttempts, RenewalRepository, RenewalRunner];
const RECONCILIATION = [ClearingCheck, KnownMoneyRepository];
const PROCESSORS = [
  ...provideAll(PAYMENT_PROCESSORS, PAYMENT_PROCESSOR_CLASSES),
  ...PAYMENT_PROCESSOR_PARTS,
  PaymentProcessors,
];

export const BILLING_PROVIDERS = [
  ...LEDGER,
  ...PAYMENTS,
  ...CALLBACKS,
  ...REFUNDS,
  ...DISPUTES,
  ...METHODS,
  ...RENEWALS,
  ...RECONCILIATION,
  ...PROCESSORS,
  BillingJobs,
  CallbackJob,
];

/** Money in and out: payments, call-backs, refunds, disputes, saved methods and automatic renewal. */
@Module({
  imports: [
    AuditModule,
    JobsModule,
    CreditsModule,
    EgressModule,
    SecretsModule,
    TypeOrmModule.forFeature([...BILLING_ENTITIES, ...CRYPTO_ENTITIES]),
  ],
  controllers: [PaymentsController, CallbacksController, RefundsController, PaymentMethodsController],
  providers: [...BILLING_PROVIDERS, PaymentMetrics],
  exports: [MethodSaving, PaymentMethods, PaymentsService],
})
export class BillingModule {}
