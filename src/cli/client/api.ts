import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { CliError, EXIT } from './errors.js';
import { parseJson, parseProblem } from './problem.js';
import type { Trace } from './trace.js';
import { readPieces, send } from './transport.js';

const HEAD_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 130_000;

export type QueryValue = string | number | boolean | undefined;

export interface CallOptions {
  /** Members that are undefined are left out. */
  query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  body?: unknown;
  /** JSON text to send as it is, where numbers must keep their spelling. */
  bodyText?: string;
  /** Members that are undefined are left out. */
  headers?: Readonly<Record<string, string | undefined>>;
  /** How long the server may think before the head of its answer; default 60 s. */
  headTimeoutMs?: number;
}

export interface Answer<T> {
  data: T;
  /** The body as it came, for `-json`. */
  text: string;
  headers: IncomingHttpHeaders;
}

export interface StreamedAnswer {
  headers: IncomingHttpHeaders;
  pieces: AsyncIterable<Buffer>;
}

export interface ApiSettings {
  /** Scheme, host and, behind a reverse proxy, a path prefix. */
  baseUrl: URL;
  /** `X-API-Key` or `Authorization`, as the caller chose; empty for open routes. */
  credentials: Readonly<Record<string, string>>;
  trace: Trace;
  userAgent: string;
  signal?: AbortSignal;
}

/** The server's HTTP interface. Paths are absolute (`/api/v1/…`); any answer but 2xx becomes a CliError. */
export class Api {
  constructor(private readonly settings: ApiSettings) {}

  /** One JSON answer. */
  async request<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
    const { url, response } = await this.open(method, path, options);
    const text = await this.readAll(url, response);
    const data = text === '' ? {} : parseJson(text);
    if (data === undefined) throw notOurServer(url, response);
    return { data: data as T, text, headers: response.headers };
  }

  /** An answer that is read while it arrives. */
  async stream(method: string, path: string, options: CallOptions = {}): Promise<StreamedAnswer> {
    const { url, response } = await this.open(method, path, options);
    return { headers: response.headers, pieces: readPieces(url, response, this.settings.signal) };
  }

  private async open(
    method: string,
    path: string,
    options: CallOptions,
  ): Promise<{ url: URL; response: IncomingMessage }> {
    const { trace, signal } = this.settings;
    const url = this.urlOf(path, options.query);
    const body = options.bodyText ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const headers = this.headersOf(options.headers, body);
    await trace.request(method, url, headers, body);
    const startedAt = performance.now();
    const response = await send(url, {
      method,
      headers,
      body,
      headTimeoutMs: options.headTimeoutMs ?? HEAD_TIMEOUT_MS,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      signal,
    });
    await trace.answer(response, performance.now() - startedAt);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return { url, response };
    const text = await this.readAll(url, response);
    throw new CliError(EXIT.refused, parseProblem(status, response.headers, text));
  }

  private urlOf(path: string, query: CallOptions['query'] = {}): URL {
    const { baseUrl } = this.settings;
    const url = new URL(baseUrl.pathname.replace(/\/+$/, '') + path, baseUrl);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  private headersOf(extra: CallOptions['headers'] = {}, body?: string): Record<string, string> {
    const given = Object.entries(extra).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return {
      accept: 'application/json, */*',
      'user-agent': this.settings.userAgent,
      ...this.settings.credentials,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...Object.fromEntries(given),
    };
  }

  private async readAll(url: URL, response: IncomingMessage): Promise<string> {
    const pieces: Buffer[] = [];
    for await (const piece of readPieces(url, response, this.settings.signal)) pieces.push(piece);
    const text = Buffer.concat(pieces).toString('utf8');
    await this.settings.trace.body(text);
    return text;
  }
}

function notOurServer(url: URL, response: IncomingMessage): CliError {
  return new CliError(EXIT.refused, {
    status: response.statusCode,
    code: 'unexpected_answer',
    detail: `${url.origin} answered without JSON; is it a GPU Proxy server?`,
  });
}
