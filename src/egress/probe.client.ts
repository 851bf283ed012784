import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Agent, request, type Dispatcher } from 'undici';
import { EgressConnector } from './connector.js';

export interface ProbeOptions {
  /** Total time in ms, connection included. */
  timeoutMs: number;
  /** Credentials of the instance, if it needs any. */
  headers?: Readonly<Record<string, string>>;
  /** More than this many bytes of an answer are cut off; default 64 KiB. */
  maxBytes?: number;
}

export interface ProbeAnswer {
  status: number;
  contentType: string;
  /** UTF-8 text, at most `maxBytes` of it. */
  body: string;
  isTruncated: boolean;
}

const DEFAULT_MAX_BYTES = 65_536;

/**
 * Small questions to instances: are you up, which models do you serve. Every question is a connection of its own, so
 * that a dead host is noticed; redirects are not followed.
 */
@Injectable()
export class ProbeClient implements OnModuleDestroy {
  private readonly agent: Agent;

  constructor(connector: EgressConnector) {
    this.agent = new Agent({ connect: connector.for('instance'), pipelining: 0, connections: null });
  }

  /** @throws the guard's DomainError, a socket error, or an abort when the time is over */
  get(url: string, options: ProbeOptions): Promise<ProbeAnswer> {
    return this.ask('GET', url, options);
  }

  /** Model repositories are asked with POST. Sends JSON text. Errors as in `get`. */
  post(url: string, json: string, options: ProbeOptions): Promise<ProbeAnswer> {
    const headers = { ...options.headers, 'content-type': 'application/json' };
    return this.ask('POST', url, { ...options, headers }, json);
  }

  async onModuleDestroy(): Promise<void> {
    await this.agent.destroy();
  }

  private async ask(
    method: 'GET' | 'POST',
    url: string,
    options: ProbeOptions,
    body?: string,
  ): Promise<ProbeAnswer> {
    const answer = await request(url, {
      dispatcher: this.agent,
      method,
      headers: { accept: 'application/json, */*', 'user-agent': 'gpuproxy-probe', ...options.headers },
      body,
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    const { text, isTruncated } = await readAtMost(answer.body, options.maxBytes ?? DEFAULT_MAX_BYTES);
    const contentType = answer.headers['content-type'];
    return { status: answer.statusCode, contentType: String(contentType ?? ''), body: text, isTruncated };
  }
}

async function readAtMost(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<{ text: string; isTruncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) break;
  }
  return { text: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'), isTruncated: size > maxBytes };
}
