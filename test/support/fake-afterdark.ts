import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

export interface AfterDarkOrder {
  amount: number | string;
  amount_minor: number;
  currency: string;
  reference: string;
  idempotency_key: string;
  return_url?: string;
  payment_method: { type: string; token?: string };
}

/** How the next answer to an order (or a question) is. */
export type AfterDarkFault =
  | { kind: 'status'; status: number; location?: string }
  | { kind: 'html' }
  /** More than anybody should read. */
  | { kind: 'huge' }
  /** The head at once, then a byte now and again. */
  | { kind: 'slow'; ms: number }
  | { kind: 'delay'; ms: number }
  | { kind: 'drop_before' }
  | { kind: 'drop_after' }
  /** Members of the answer, instead of the usual ones. */
  | { kind: 'answer'; body: unknown };

const HUGE_BYTES = 10 * 1024 * 1024;

/** A stand-in for AfterDark: takes orders, answers as badly as it is told to, and signs call-backs. */
export class FakeAfterDark {
  readonly key = 'ad_key_0123456789';
  readonly webhookSecret = 'ad_secret_0123456789';
  readonly orders: AfterDarkOrder[] = [];
  readonly keys: (string | undefined)[] = [];
  /** Everything that came, for searches. */
  readonly captures: string[] = [];
  /** What GET /transactions/{id} answers. */
  readonly transactions = new Map<string, object>();
  private readonly faults: AfterDarkFault[] = [];
  private readonly byKey = new Map<string, string>();
  private server: Server;

  private constructor(private readonly nowMs: () => number) {}

  static async start(nowMs: () => number): Promise<FakeAfterDark> {
    const fake = new FakeAfterDark(nowMs);
    fake.server = createServer((request, response) => void fake.serve(request, response));
    fake.server.listen(0, '127.0.0.1');
    await once(fake.server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get settings(): Record<string, string> {
    return {
      AFTERDARK_API_URL: this.url,
      AFTERDARK_API_KEY: this.key,
      AFTERDARK_WEBHOOK_SECRET: this.webhookSecret,
    };
  }

  /** Faults of the next calls, in this order. */
  plan(...faults: AfterDarkFault[]): void {
    this.faults.push(...faults);
  }

  transactionOf(reference: string): string {
    return `ad-${reference}`;
  }

  sign(payload: string, options: { secret?: string; skewSeconds?: number } = {}): string {
    const { secret = this.webhookSecret, skewSeconds = 0 } = options;
    const timestamp = Math.floor(this.nowMs() / 1000) + skewSeconds;
    const signature = createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex');
    return `t=${timestamp},v1=${signature}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    this.captures.push(`${request.url ?? ''} ${JSON.stringify(request.headers)} ${body}`);
    const fault = this.faults.shift();
    if (fault?.kind === 'drop_before') return void request.socket.destroy();
    const answer = this.answerTo(request, body);
    if (fault?.kind === 'drop_after') return void request.socket.destroy();
    if (fault?.kind === 'delay') await delay(fault.ms);
    await this.write(response, fault, answer);
  }

  private answerTo(request: IncomingMessage, body: string): { status: number; body: unknown } {
    if (request.headers.authorization !== `Bearer ${this.key}`) return { status: 401, body: {} };
    if (request.method === 'GET') {
      const transaction = this.transactions.get(decodeURIComponent(request.url?.split('/').at(-1) ?? ''));
      return { status: transaction ? 200 : 404, body: transaction ?? {} };
    }
    const order = JSON.parse(body) as AfterDarkOrder;
    this.orders.push(order);
    const key = request.headers['idempotency-key'] as string | undefined;
    this.keys.push(key);
    const transaction = this.byKey.get(key ?? '') ?? this.transactionOf(order.reference);
    this.byKey.set(key ?? '', transaction);
    return { status: 200, body: { transaction_id: transaction } };
  }

  private async write(
    response: ServerResponse,
    fault: AfterDarkFault | undefined,
    answer: { status: number; body: unknown },
  ): Promise<void> {
    const json = { 'content-type': 'application/json' };
    switch (fault?.kind) {
      case 'status':
        response.writeHead(fault.status, fault.location === undefined ? json : { location: fault.location });
        return void response.end('{"error":"their own words"}');
      case 'html':
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Thank you</html>');
      case 'huge':
        response.writeHead(200, json).write('{"padding":"');
        return void response.end(`${'x'.repeat(HUGE_BYTES)}","transaction_id":"ad-huge"}`);
      case 'slow':
        response.writeHead(200, json).write('{');
        await delay(fault.ms);
        return void response.end('}');
      case 'answer':
        return void response.writeHead(200, json).end(JSON.stringify(fault.body));
      default:
        response.writeHead(answer.status, json).end(JSON.stringify(answer.body));
    }
  }
}
