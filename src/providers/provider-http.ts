import { Agent, request, type Dispatcher } from 'undici';
import type { Clock } from '../common/clock.js';
import { deadlineSignal } from '../common/abort.js';
import { parseRetryAfterMs } from './back-off.js';
import { transportFault } from './transport-fault.js';

const LARGEST_ANSWER_BYTES = 16 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5000;
const USER_AGENT = 'aiserve-gpuproxy/1.0';

export interface HttpCall {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  json?: unknown;
}

export interface HttpAnswer {
  status: number;
  /** What `Retry-After` says. */
  retryAfterMs?: number;
  /** The parsed JSON; `undefined` when the body is anything else, e.g. the HTML page of a gateway. */
  body: unknown;
  text: string;
}

/**
 * One exchange with a farm over HTTP: no redirects, no retries, bounded in time and size. Redirects are answers
 * like any other, because the key must not follow them to another host.
 */
export class ProviderHttp {
  private readonly agent: Agent;

  constructor(
    private readonly timeoutMs: number,
    private readonly clock: Clock,
  ) {
    this.agent = new Agent({
      connect: { timeout: Math.min(timeoutMs, CONNECT_TIMEOUT_MS) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxResponseSize: LARGEST_ANSWER_BYTES,
    });
  }

  /** @throws TransportFault when no complete answer came; the reason of `signal` when the caller gave up */
  async exchange(call: HttpCall, signal?: AbortSignal): Promise<HttpAnswer> {
    try {
      const answer = await this.open(call, deadlineSignal(this.timeoutMs, signal));
      const text = await answer.body.text();
      const retryAfter = answer.headers['retry-after'];
      return {
        status: answer.statusCode,
        retryAfterMs: parseRetryAfterMs(String(retryAfter ?? '') || undefined, this.clock.now()),
        body: parseJson(text),
        text,
      };
    } catch (error) {
      throw transportFault(error);
    }
  }

  /**
   * Reads a text that may be an endless stream: stops after `maxMs` and returns the last
   * `maxBytes` that came until then.
   * @throws TransportFault when not even the head of the answer came
   */
  async readStream(
    call: HttpCall,
    limits: { maxMs: number; maxBytes: number },
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    const end = new AbortController();
    try {
      const answer = await this.open(
        call,
        AbortSignal.any([deadlineSignal(this.timeoutMs, signal), end.signal]),
      );
      const text = await readWithin(answer.body, limits);
      return { status: answer.statusCode, body: parseJson(text), text };
    } catch (error) {
      throw transportFault(error);
    } finally {
      end.abort();
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private open(
    { method, url, headers, json }: HttpCall,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const hasBody = json !== undefined;
    return request(url, {
      method,
      dispatcher: this.agent,
      signal,
      headers: {
        accept: 'application/json',
        'user-agent': USER_AGENT,
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: hasBody ? JSON.stringify(json) : undefined,
    });
  }
}

/** The last `maxBytes` of what arrives within `maxMs`. */
async function readWithin(
  body: AsyncIterable<Buffer>,
  { maxMs, maxBytes }: { maxMs: number; maxBytes: number },
): Promise<string> {
  const expiry = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), maxMs).unref();
  });
  const iterator = body[Symbol.asyncIterator]();
  let tail: Buffer = Buffer.alloc(0);
  for (;;) {
    const next = await Promise.race([iterator.next(), expiry]);
    if (!next || next.done) return tail.toString('utf8');
    tail = Buffer.concat([tail, next.value]).subarray(-maxBytes);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
