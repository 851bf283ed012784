import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { StripeBooks } from './books.js';
import { Faults, type FaultKind } from './faults.js';
import { parseForm } from './form.js';
import { StripeIdempotency, type StoredAnswer } from './idempotency.js';
import { StripeFault, type Dispute, type Intent } from './objects.js';
import { answer } from './routes.js';
import { StripeWebhooks } from './webhooks.js';

export interface StripeCall {
  route: string;
  body: string;
  key: string | undefined;
  /** Every header, for searches. */
  headers: string;
}

/**
 * A stand-in for Stripe that remembers: payment intents, pages, refunds, disputes and saved cards with their states,
 * idempotency as documented, signed webhooks, and faults on demand.
 */
export class FakeStripe {
  readonly key = 'sk_test_fakekey0123456789';
  readonly webhookSecret = 'whsec_fakesecret0123456789';
  readonly faults = new Faults();
  readonly calls: StripeCall[] = [];
  readonly webhooks: StripeWebhooks;
  readonly books: StripeBooks;
  private readonly idempotency = new StripeIdempotency();
  private server: Server;

  private constructor(nowMs: () => number) {
    const nowSeconds = (): number => Math.floor(nowMs() / 1000);
    this.webhooks = new StripeWebhooks(this.webhookSecret, nowSeconds, false);
    const emit = (type: string, object: { id: string }): void => this.webhooks.record(type, object);
    this.books = new StripeBooks(emit, nowSeconds, false);
  }

  static async start(nowMs: () => number = Date.now): Promise<FakeStripe> {
    const fake = new FakeStripe(nowMs);
    fake.server = createServer((request, response) => void fake.serve(request, response));
    fake.server.listen(0, '127.0.0.1');
    await once(fake.server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Settings of a daemon that pays here. */
  get settings(): Record<string, string> {
    return {
      STRIPE_SECRET_KEY: this.key,
      STRIPE_WEBHOOK_SECRET: this.webhookSecret,
      STRIPE_API_URL: this.url,
    };
  }

  get intents(): Intent[] {
    return [...this.books.intents.values()];
  }

  /** The intent of one of our payments. */
  intentOf(paymentId: string): Intent {
    const found = this.intents.find(({ metadata }) => metadata.payment_id === paymentId);
    if (!found) throw new Error(`no intent for payment ${paymentId}`);
    return found;
  }

  /** The payer enters a card, as Stripe's script in a browser does. */
  confirmAsPayer(paymentId: string, behaviour = 'pm_card_visa'): void {
    const method = this.books.methodFrom({ payment_method: behaviour }, null);
    try {
      this.books.charge(this.intentOf(paymentId), method, false);
    } catch (error) {
      if (!(error instanceof StripeFault)) throw error;
    }
  }

  disputesOf(paymentId: string): Dispute[] {
    const { id } = this.intentOf(paymentId);
    return [...this.books.disputes.values()].filter(({ payment_intent }) => payment_intent === id);
  }

  async close(): Promise<void> {
    await this.webhooks.idle();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    const route = `${request.method ?? ''} ${pathname}`;
    const key = request.headers['idempotency-key'] as string | undefined;
    this.calls.push({ route, body, key, headers: JSON.stringify(request.headers) });
    const fault = this.faults.next(route);
    if (fault?.kind === 'drop_before') return void request.socket.destroy();
    const result = this.authorized(request)
      ? await this.once(route, key, body, searchParams, fault)
      : UNAUTHORIZED;
    if (fault?.kind === 'drop_after') return void request.socket.destroy();
    response.writeHead(result.status, { 'content-type': 'application/json', 'request-id': 'req_fake' });
    response.end(JSON.stringify(result.body));
  }

  private authorized({ headers }: IncomingMessage): boolean {
    return headers.authorization === `Bearer ${this.key}`;
  }

  private async once(
    route: string,
    key: string | undefined,
    body: string,
    query: URLSearchParams,
    fault: FaultKind | undefined,
  ): Promise<StoredAnswer> {
    if (fault?.kind === 'too_many') return TOO_MANY;
    if (key === undefined || !route.startsWith('POST')) return this.work(route, body, query, fault);
    try {
      const earlier = this.idempotency.begin(key, `${route}\n${body}`);
      if (earlier) return earlier;
    } catch (error) {
      return faultAnswer(error);
    }
    const result = await this.work(route, body, query, fault);
    this.idempotency.finish(key, result);
    return result;
  }

  /** Slow work keeps its key busy, so that another call with it meets a conflict. */
  private async work(
    route: string,
    body: string,
    query: URLSearchParams,
    fault: FaultKind | undefined,
  ): Promise<StoredAnswer> {
    if (fault?.kind === 'delay') await delay(fault.ms);
    if (fault?.kind === 'error') return SERVER_ERROR;
    try {
      return { status: 200, body: structuredClone(answer(this.books, route, parseForm(body), query)) };
    } catch (error) {
      return faultAnswer(error);
    }
  }
}

function faultAnswer(error: unknown): StoredAnswer {
  if (!(error instanceof StripeFault)) throw error;
  return { status: error.status, body: structuredClone({ error: error.body }) };
}

const SERVER_ERROR = { status: 500, body: { error: { type: 'api_error', message: 'Something broke.' } } };
const TOO_MANY = {
  status: 429,
  body: { error: { type: 'rate_limit_error', message: 'Too many requests.' } },
};
const UNAUTHORIZED = {
  status: 401,
  body: { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } },
};
