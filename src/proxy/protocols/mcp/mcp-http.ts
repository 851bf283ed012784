import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../../config/config.js';
import { upstreamIdleTimeout, upstreamTooLarge } from '../../proxy.errors.js';
import { rawHeader } from '../../raw-headers.js';
import type { UpstreamCall } from '../../upstream-call.js';
import { UpstreamClient } from '../../upstream.client.js';
import type { UpstreamFailure } from '../../upstream-failure.js';
import type { McpTarget } from './mcp-target.js';

export interface HttpQuestion {
  method: 'POST' | 'GET' | 'DELETE';
  /** Flat; beside those of the target. */
  headers: readonly string[];
  body?: string;
}

export interface HttpAnswer {
  status: number;
  rawHeaders: readonly string[];
  /** Lower case, without parameters. */
  contentType: string;
  /** To be read or destroyed; errors are DomainErrors, or what the signal was aborted with. */
  body: Readable;
}

/** No answer: how far the request had got decides whether it may be sent again. */
export class SendFailure extends Error {
  constructor(readonly failure: UpstreamFailure) {
    super(failure.error.message, { cause: failure.error });
    this.name = 'SendFailure';
  }
}

const MOST_BYTES = 67_108_864;
/** Streams of events may be silent; other bodies are watched where they are read. */
const NO_TIMEOUT = 0;

/** HTTP as an MCP client needs it, through the data plane's only way out. */
@Injectable()
export class McpHttp {
  constructor(
    private readonly config: AppConfig,
    private readonly upstream: UpstreamClient,
  ) {}

  /** Resolves with the head. Rejects with SendFailure, or with what the signal is aborted with. */
  send(target: McpTarget, question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const bytes = question.body === undefined ? null : Buffer.from(question.body);
    target.tally.bytesIn += bytes?.length ?? 0;
    return new Promise((resolve, reject) => {
      let call: UpstreamCall | undefined;
      const body = answerBody(() => call);
      const abort = (): void => {
        call?.abort();
        reject(signal.reason as Error);
        body.destroy(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      body.once('close', () => signal.removeEventListener('abort', abort));
      call = this.upstream.send(this.requestFor(target, question, bytes), target, {
        answered: (status, _, rawHeaders) => {
          const contentType = rawHeader(rawHeaders, 'content-type')?.split(';')[0].trim().toLowerCase() ?? '';
          resolve({ status, rawHeaders, contentType, body });
        },
        received: (chunk) => {
          target.tally.bytesOut += chunk.length;
          return body.push(chunk);
        },
        ended: () => void body.push(null),
        failed: (failure) => {
          reject(new SendFailure(failure));
          body.destroy(failure.error);
        },
      });
    });
  }

  /**
   * A body that is no stream of events, as text.
   * @throws DomainError 502 `upstream_too_large`, 504 `upstream_idle_timeout`, and what befalls the connection
   */
  async read({ body }: HttpAnswer): Promise<string> {
    const timer = setTimeout(() => body.destroy(upstreamIdleTimeout()), this.config.proxy.idleTimeoutMs);
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        timer.refresh();
        size += chunk.length;
        if (size > MOST_BYTES) throw upstreamTooLarge(MOST_BYTES);
        chunks.push(chunk);
      }
    } finally {
      clearTimeout(timer);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  private requestFor(
    { tenant, path, headers }: McpTarget,
    question: HttpQuestion,
    body: Buffer | null,
  ): Parameters<UpstreamClient['send']>[0] {
    return {
      tenant,
      method: question.method,
      path,
      headers: [...headers, ...question.headers],
      body,
      firstByteTimeoutMs: this.config.proxy.firstByteTimeoutMs,
      idleTimeoutMs: NO_TIMEOUT,
    };
  }
}

/** Destroyed before its end, it ends the request. */
function answerBody(call: () => UpstreamCall | undefined): Readable {
  const body = new Readable({
    read: () => call()?.resume(),
    destroy: (error, done) => {
      call()?.abort();
      done(error);
    },
  });
  // Whoever reads gets the error as well; when nobody does any more, it concerns nobody.
  return body.on('error', () => undefined);
}
