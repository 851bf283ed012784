import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiKeysService } from '../../src/auth/api-keys/api-keys.service.js';
import { SCOPES, type Caller } from '../../src/common/caller.js';
import { ManualClock } from '../../src/common/clock.js';
import { EventBus, type DomainEvent } from '../../src/common/event-bus.js';
import { newId } from '../../src/common/id.js';
import type { DatabaseConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { LedgerVerifier } from '../../src/credits/ledger/ledger-verifier.js';
import { LedgerService } from '../../src/credits/ledger/ledger.service.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { PAYMENT_ALERT } from '../../src/billing/payments/payment-alerts.js';
import { Payment } from '../../src/billing/payments/payment.entity.js';
import { CallbackWorker } from '../../src/billing/webhooks/callback-worker.js';
import { User } from '../../src/users/user.entity.js';
import { FakeStripe } from '../support/fake-stripe/index.js';
import { ApiCaller, quietLogs, type Reply } from '../support/running-daemon.js';

const CREDIT = 1_000_000;
const SHORT_MS = 5000;

/** Stands still; short pauses between tries pass at once. */
class TestClock extends ManualClock {
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return ms < SHORT_MS ? Promise.resolve() : super.sleep(ms, signal);
  }
}

export interface Transaction {
  id: string;
  amount: number;
  status: string;
  detail?: string;
  payment_provider: string;
  payment_method: string;
  external_id: string | null;
  credited: number;
  refunded: number;
}

export interface PaymentAnswer {
  transaction: Transaction;
  next_action?: { type: string; client_secret?: string; url?: string };
  warnings?: { code: string }[];
  code?: string;
  errors?: { field: string; message: string }[];
}

export interface Customer {
  userId: string;
  api: ApiCaller;
}

export interface RefundAnswer {
  refund: { id: string; status: string; amount: number; detail?: string };
  transaction: Transaction;
  code?: string;
}

/** The whole application with a fake Stripe beside it, under a clock that the test moves. Jobs run when told. */
export class BillingApp {
  readonly alerts: string[] = [];
  readonly updates: DomainEvent[] = [];

  private constructor(
    readonly app: NestFastifyApplication,
    readonly clock: TestClock,
    readonly stripe: FakeStripe,
    readonly url: string,
  ) {
    const bus = app.get(EventBus);
    bus.on(PAYMENT_ALERT, ({ data }) => this.alerts.push((data as { alert: string }).alert));
    bus.on('payment.updated', (event) => this.updates.push(event));
  }

  static async start(database: DatabaseConfig, settings: Record<string, string> = {}): Promise<BillingApp> {
    quietLogs();
    const clock = new TestClock();
    const stripe = await FakeStripe.start(() => clock.now());
    const env = {
      JWT_SECRET: 'a secret of the tests that is long enough',
      RATE_LIMIT_PER_MINUTE: '0',
      PUBLIC_URL: 'https://gpu.example.com',
      ...stripe.settings,
      ...settings,
    };
    const config = { ...loadConfig(env), database };
    const app = await createApp(config, { clock });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new BillingApp(app, clock, stripe, `http://127.0.0.1:${port}`);
  }

  get webhookUrl(): string {
    return `${this.url}/api/v1/billing/webhooks/stripe`;
  }

  get ledger(): LedgerService {
    return this.app.get(LedgerService);
  }

  /** Somebody new with a key. */
  async customer(isAdmin = false): Promise<Customer> {
    const userId = newId();
    const now = this.clock.now();
    const user: User = {
      id: userId,
      email: `${userId}@example.com`,
      name: 'Jo',
      passwordHash: '-',
      mustChangePassword: false,
      isAdmin,
      isActive: true,
      sessionEpoch: 0,
      createdAt: now,
      updatedAt: now,
    };
    await this.app.get(UnitOfWork).manager.insert(User, user);
    const scopes = isAdmin ? ([...SCOPES, 'admin'] as const) : SCOPES;
    const caller = { userId, isAdmin, scopes: SCOPES, credential: 'jwt' } as unknown as Caller;
    const minted = await this.app.get(ApiKeysService).create(caller, { name: 'k', scopes });
    return { userId, api: new ApiCaller(this.url, minted.text) };
  }

  pay(
    { api }: Customer,
    body: string | object = { amount: 50, currency: 'USD', provider: 'stripe' },
    headers: Record<string, string> = {},
  ): Promise<Reply<PaymentAnswer>> {
    return api.post('/api/v1/billing/payment', body, headers);
  }

  /** Pays with a card that works. */
  async paid(customer: Customer, amount = 50, headers: Record<string, string> = {}): Promise<Transaction> {
    const body = { amount, currency: 'USD', provider: 'stripe' };
    const answer = await this.pay(customer, body, { 'x-preferred-payment': 'card:pm_card_visa', ...headers });
    if (answer.body.transaction?.status !== 'completed') throw new Error(JSON.stringify(answer.body));
    return answer.body.transaction;
  }

  async transaction(
    { api }: Customer,
    id: string,
  ): Promise<Transaction & Pick<PaymentAnswer, 'next_action'>> {
    return (await api.get<Transaction>(`/api/v1/billing/transactions/${id}`)).body;
  }

  refund(admin: Customer, paymentId: string, body: object, key?: string): Promise<Reply<RefundAnswer>> {
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    return admin.api.post(
      `/api/v1/admin/payments/${paymentId}/refund`,
      body,
      headers as Record<string, string>,
    );
  }

  /** Credits to spend, negative in overage. */
  async credits({ userId }: Customer): Promise<number> {
    const { remainingMicro, overageMicro } = await this.ledger.balanceOf(userId);
    return (remainingMicro - overageMicro) / CREDIT;
  }

  async isFrozen({ userId }: Customer): Promise<boolean> {
    return (await this.ledger.balanceOf(userId)).isFrozen;
  }

  /** Spends credits, as a rental would. */
  async spend({ userId }: Customer, credits: number): Promise<void> {
    const amountMicro = credits * CREDIT;
    const [reference, idempotencyKey] = [newId(), newId()];
    const hold = await this.ledger.hold({
      userId,
      amountMicro,
      purpose: 'rental',
      reference,
      idempotencyKey,
    });
    await this.ledger.settle(hold.id, amountMicro, { code: 'gpu_usage' });
  }

  row(id: string): Promise<Payment> {
    return this.app.get(UnitOfWork).manager.findOneByOrFail(Payment, { id });
  }

  /** Sends an event of the fake's (again) and waits until it was acted on. */
  async deliver(...events: FakeStripe['webhooks']['events']): Promise<void> {
    for (const event of events) await this.stripe.webhooks.send(event, this.webhookUrl);
    await this.handleCallbacks();
  }

  /** Everything that Stripe has to say so far. */
  async deliverAll(): Promise<void> {
    await this.deliver(...this.stripe.webhooks.events);
  }

  async handleCallbacks(): Promise<void> {
    await this.app.get(CallbackWorker).settled();
    await this.app.get(CallbackWorker).drain(new AbortController().signal);
  }

  async runJob(name: string): Promise<void> {
    await this.app.get(JobsService).runNow(name);
  }

  /** Every account adds up and every chain holds. */
  async verifyLedger(): Promise<unknown> {
    return this.app.get(LedgerVerifier).verify();
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.stripe.close();
  }
}
