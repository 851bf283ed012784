import { ConsoleLogger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../../src/audit/audit-log.js';
import { AuditRepository } from '../../src/audit/audit.repository.js';
import { BILLING_ENTITIES } from '../../src/billing/billing.entities.js';
import { PaymentMethods } from '../../src/billing/methods/payment-methods.service.js';
import { NextActionBox } from '../../src/billing/payments/next-action-box.js';
import { PAYMENT_ALERT, PaymentAlerts } from '../../src/billing/payments/payment-alerts.js';
import { PAYMENT_UPDATED, PaymentEvents } from '../../src/billing/payments/payment-events.js';
import { PaymentFactory } from '../../src/billing/payments/payment-factory.js';
import { PaymentLedger } from '../../src/billing/payments/payment-ledger.js';
import { PaymentOutcomes } from '../../src/billing/payments/payment-outcomes.js';
import { PaymentProgress } from '../../src/billing/payments/payment-progress.js';
import { PaymentSettlement } from '../../src/billing/payments/payment-settlement.js';
import { Payment } from '../../src/billing/payments/payment.entity.js';
import { PaymentRepository } from '../../src/billing/payments/payment.repository.js';
import { PaymentsService, type BegunPayment } from '../../src/billing/payments/payments.service.js';
import { CRYPTO_ENTITIES } from '../../src/billing/processors/crypto/crypto.entities.js';
import { CryptoProcessor } from '../../src/billing/processors/crypto/crypto.processor.js';
import { CRYPTO_PROVIDERS } from '../../src/billing/processors/crypto/crypto.providers.js';
import { CryptoDeposit } from '../../src/billing/processors/crypto/deposits/crypto-deposit.entity.js';
import { CryptoInvoice } from '../../src/billing/processors/crypto/invoices/crypto-invoice.entity.js';
import { CRYPTO_WATCH_JOB } from '../../src/billing/processors/crypto/watch/crypto-watch.job.js';
import { PAYMENT_PROCESSORS } from '../../src/billing/processors/payment-processor.js';
import { PaymentProcessors } from '../../src/billing/processors/payment-processors.js';
import { Clock, ManualClock } from '../../src/common/clock.js';
import { EventBus, type DomainEvent } from '../../src/common/event-bus.js';
import { newId } from '../../src/common/id.js';
import { AppConfig } from '../../src/config/config.js';
import { parseCryptoNetworks, type CryptoNetwork } from '../../src/config/crypto-network.js';
import { CREDITS_ENTITIES } from '../../src/credits/credits.entities.js';
import { CREDITS_PROVIDERS } from '../../src/credits/credits.module.js';
import { LedgerVerifier } from '../../src/credits/ledger/ledger-verifier.js';
import { LedgerService } from '../../src/credits/ledger/ledger.service.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import type { Job } from '../../src/jobs/job.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { PersonalVault } from '../../src/secrets/personal-vault.js';
import { SecretBox } from '../../src/secrets/secret-box.js';
import { AUDIT_ENTITIES } from './audit-fixture.js';
import { newXpub } from '../support/crypto-settings.js';
import type { TestDatabase } from '../support/databases.js';

export const CRYPTO_SCHEMA = {
  entities: [...AUDIT_ENTITIES, ...CREDITS_ENTITIES, ...BILLING_ENTITIES, ...CRYPTO_ENTITIES],
};
export const DOLLAR = 1_000_000;
const HOUR_MS = 3_600_000;

/** The parts of billing that crypto payments work with. */
const PAYMENTS = [
  AuditLog,
  AuditRepository,
  NextActionBox,
  PaymentAlerts,
  PaymentEvents,
  PaymentFactory,
  PaymentLedger,
  PaymentOutcomes,
  PaymentProcessors,
  PaymentProgress,
  PaymentRepository,
  PaymentSettlement,
  PaymentsService,
  PersonalVault,
  SecretBox,
];

export interface CryptoOptions {
  /** As CRYPTO_NETWORKS has them. */
  networks: object[];
  /** Epoch ms; a test chain's time may have been moved. */
  now?: number;
  xpub?: string;
  /** Replaces a provider, e.g. by one that fails. */
  replace?: { token: object; value: unknown };
}

/** What a payer is told. */
export interface Invoice {
  paymentId: string;
  userId: string;
  address: string;
  amount: string;
  expiresAt: number;
}

/** Crypto payments as the application wires them, on a test's database and chains. */
export class CryptoHarness {
  readonly clock: ManualClock;
  readonly events: DomainEvent[] = [];
  readonly xpub: string;
  readonly networks: CryptoNetwork[];
  private readonly jobs = new Map<string, Job>();

  private constructor(
    private readonly database: TestDatabase,
    private readonly options: CryptoOptions,
  ) {
    this.clock = new ManualClock(options.now ?? Date.now());
    this.xpub = options.xpub ?? newXpub();
    this.networks = parseCryptoNetworks(JSON.stringify(options.networks));
  }

  ledger: LedgerService;
  payments: PaymentsService;
  processor: CryptoProcessor;
  verifier: LedgerVerifier;

  static async start(database: TestDatabase, options: CryptoOptions): Promise<CryptoHarness> {
    const harness = new CryptoHarness(database, options);
    await harness.compile();
    return harness;
  }

  /** As another process on the same database would be. */
  again(changes: Partial<CryptoOptions> = {}): Promise<CryptoHarness> {
    return CryptoHarness.start(this.database, {
      ...this.options,
      replace: undefined,
      now: this.clock.now(),
      xpub: this.xpub,
      ...changes,
    });
  }

  begin(
    amount: number,
    order: { asset?: string; network?: string; wallet?: string; userId?: string } = {},
  ): Promise<BegunPayment> {
    const { asset, network, wallet, userId = newId() } = order;
    return this.payments.begin({
      userId,
      provider: 'crypto',
      amountMicro: amount * DOLLAR,
      currency: 'USD',
      asset,
      preference: network === undefined ? undefined : { kind: 'crypto', network, wallet },
      isSaved: false,
      isOffSession: false,
    });
  }

  async invoice(amount: number, order: Parameters<CryptoHarness['begin']>[1] = {}): Promise<Invoice> {
    const { payment } = await this.begin(amount, order);
    const row = await this.manager.findOneByOrFail(CryptoInvoice, { paymentId: payment.id });
    const { userId, address, quotedUnits, expiresAt } = row;
    return { paymentId: payment.id, userId, address, amount: quotedUnits, expiresAt };
  }

  /** One round of the watcher. */
  async watch(signal = new AbortController().signal): Promise<void> {
    await this.jobs.get(CRYPTO_WATCH_JOB)?.run(signal);
  }

  get manager(): EntityManager {
    return this.database.dataSource.manager;
  }

  payment({ paymentId }: Invoice): Promise<Payment> {
    return this.manager.findOneByOrFail(Payment, { id: paymentId });
  }

  async deposits({ paymentId }: Invoice): Promise<CryptoDeposit[]> {
    const { id: invoiceId } = await this.manager.findOneByOrFail(CryptoInvoice, { paymentId });
    return this.manager.find(CryptoDeposit, { where: { invoiceId }, order: { blockNumber: 'ASC' } });
  }

  /** Credits of the invoice's user. */
  async credits({ userId }: Invoice): Promise<number> {
    const { remainingMicro, overageMicro } = await this.ledger.balanceOf(userId);
    return (remainingMicro - overageMicro) / DOLLAR;
  }

  private async compile(): Promise<void> {
    const { replace } = this.options;
    const testing = Test.createTestingModule({
      providers: [
        ...CREDITS_PROVIDERS,
        ...PAYMENTS,
        ...CRYPTO_PROVIDERS,
        CryptoProcessor,
        { provide: PAYMENT_PROCESSORS, useFactory: (crypto) => [crypto], inject: [CryptoProcessor] },
        // Saved methods are none of crypto's business.
        { provide: PaymentMethods, useValue: {} },
        { provide: UnitOfWork, useValue: this.database.unitOfWork },
        { provide: Clock, useValue: this.clock },
        { provide: EventBus, useValue: this.bus() },
        { provide: AppConfig, useValue: this.config() },
        { provide: JobsService, useValue: { register: (job: Job) => this.jobs.set(job.name, job) } },
      ],
    });
    if (replace) testing.overrideProvider(replace.token).useValue(replace.value);
    const module = await testing.compile();
    module.useLogger(process.env.GPUPROXY_TEST_LOGS ? new ConsoleLogger() : false);
    await module.init();
    this.ledger = module.get(LedgerService);
    this.payments = module.get(PaymentsService);
    this.processor = module.get(CryptoProcessor);
    this.verifier = module.get(LedgerVerifier);
  }

  private bus(): EventBus {
    const bus = new EventBus();
    for (const name of [PAYMENT_ALERT, PAYMENT_UPDATED]) bus.on(name, (event) => this.events.push(event));
    return bus;
  }

  private config(): Partial<AppConfig> {
    const { networks, xpub } = this;
    const crypto = { isEnabled: true, networks, xpub, pollIntervalMs: 15_000, invoiceTtlMs: HOUR_MS };
    const billing = { signupCreditsMicro: 0, markupPercent: 0 } as AppConfig['billing'];
    return { crypto, billing, encryptionKey: 'a key of the tests', encryptionKeysPrevious: [] };
  }
}
