import { randomInt } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../common/clock.js';
import { AppConfig, type PaymentsConfig } from '../../../config/config.js';
import { ProbeClient, type ProbeAnswer } from '../../../egress/probe.client.js';
import { TrustedHosts } from '../../../egress/trusted-hosts.js';
import { CircuitBreaker } from './circuit-breaker.js';

const TIMEOUT_MS = 10_000;
const LARGEST_ANSWER_BYTES = 65_536;
const MOST_TRIES = 3;
const FIRST_PAUSE_MS = 200;

/** What came of a question. `unsent`: it cannot have reached AfterDark; `lost`: it may have. */
export type AfterDarkReply = { kind: 'answer'; answer: ProbeAnswer } | { kind: 'unsent' } | { kind: 'lost' };

/** Codes of errors that come before the first byte of a request. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'target_not_allowed',
]);

/**
 * Talks to AfterDark through the egress door: no redirects, ten seconds, 64 KiB, verified certificates. Only what
 * cannot have done harm twice is tried again, always under the same key.
 */
@Injectable()
export class AfterDarkClient {
  private readonly logger = new Logger(AfterDarkClient.name);
  private readonly settings: PaymentsConfig['afterDark'];
  readonly breaker: CircuitBreaker;

  constructor(
    { payments }: AppConfig,
    private readonly http: ProbeClient,
    trusted: TrustedHosts,
    private readonly clock: Clock,
  ) {
    this.settings = payments.afterDark;
    this.breaker = new CircuitBreaker(clock);
    const { apiUrl } = this.settings;
    // The configuration lets plain http through for loopback only.
    if (apiUrl?.startsWith('http:')) trusted.add(new URL(apiUrl).origin);
  }

  get isConfigured(): boolean {
    return this.settings.apiUrl !== undefined && this.settings.apiKey !== undefined;
  }

  /** Places an order, three times if need be. */
  async order(json: string, key: string): Promise<AfterDarkReply> {
    let wasSent = false;
    for (let attempt = 1; ; attempt += 1) {
      const reply = await this.ask(() => this.http.post(this.urlOf('/checkout'), json, this.options(key)));
      if (reply.kind === 'lost') return reply;
      wasSent ||= reply.kind === 'answer';
      if (reply.kind === 'answer' && !isTemporary(reply.answer)) return reply;
      if (attempt === MOST_TRIES) return wasSent ? { kind: 'lost' } : reply;
      await this.clock.sleep(randomInt(1, FIRST_PAUSE_MS * 2 ** attempt));
    }
  }

  /** How a transaction stands; undefined when AfterDark offers no such question. */
  async status(transactionId: string): Promise<AfterDarkReply | undefined> {
    const path = this.settings.statusPath?.replace('{id}', encodeURIComponent(transactionId));
    return path === undefined ? undefined : this.ask(() => this.http.get(this.urlOf(path), this.options()));
  }

  private async ask(send: () => Promise<ProbeAnswer>): Promise<AfterDarkReply> {
    try {
      const answer = await send();
      if (answer.status >= 500) this.breaker.failed();
      else this.breaker.succeeded();
      if (answer.status >= 400)
        this.logger.warn({ msg: 'AfterDark refused or failed', status: answer.status });
      return { kind: 'answer', answer };
    } catch (error) {
      this.breaker.failed();
      this.logger.warn({ msg: 'no answer from AfterDark', err: error });
      return { kind: BEFORE_SENDING.has(codeOf(error)) ? 'unsent' : 'lost' };
    }
  }

  private urlOf(path: string): string {
    return `${(this.settings.apiUrl ?? '').replace(/\/+$/, '')}${path}`;
  }

  private options(key?: string): Parameters<ProbeClient['get']>[1] {
    return {
      timeoutMs: TIMEOUT_MS,
      maxBytes: LARGEST_ANSWER_BYTES,
      headers: {
        authorization: `Bearer ${this.settings.apiKey ?? ''}`,
        'user-agent': 'aiserve-gpuproxy/1.0',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
    };
  }
}

function isTemporary({ status }: ProbeAnswer): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function codeOf(error: unknown): string {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  return first instanceof Error && 'code' in first ? String(first.code) : '';
}
