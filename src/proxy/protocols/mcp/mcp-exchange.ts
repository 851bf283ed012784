import { setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import { memberSources } from '../../json-source.js';
import { readEvents, type StreamProgress } from './event-stream.js';
import { McpHttp, SendFailure, type HttpAnswer } from './mcp-http.js';
import { readMessage, writeObject, type McpMessage } from './mcp-message.js';
import { notMcp } from './mcp-protocol.errors.js';
import { upstreamAuthRequired } from '../../proxy.errors.js';
import type { McpTarget } from './mcp-target.js';
import { METHOD_NOT_FOUND } from './mcp-wire.js';

/** How requests reach one server: its address, and the headers of the revision and session that are spoken. */
export interface McpLink {
  target: McpTarget;
  isModern: boolean;
  /** Flat. */
  headers: readonly string[];
  hasSession: boolean;
}

export interface WireRequest {
  /** Undefined for a notification: nothing but its acceptance is awaited. */
  id: string | undefined;
  body: string;
  /** Flat; what a modern request repeats in its headers. */
  headers: readonly string[];
}

/** Who wants to know what happens before the answer is complete. */
export interface McpObserver {
  /** The head has arrived. */
  answered(status: number): void;
  /** It is a stream of events. */
  streaming(answer: HttpAnswer): void;
  /** The next message is read when this has resolved. */
  notified(source: string): void | Promise<void>;
}

export interface McpOutcome {
  status: number;
  rawHeaders: readonly string[];
  /** The response; undefined for an accepted notification and for an error that is told in HTTP alone. */
  message: McpMessage | undefined;
}

/** The server does not know the session (any more), so it has not run the request. */
export class SessionLost extends Error {}

const POST_HEADERS = ['accept', 'application/json, text/event-stream', 'content-type', 'application/json'];
const GET_HEADERS = ['accept', 'text/event-stream'];
const UNAUTHORIZED = 401;
const NOT_FOUND = 404;
/** For messages that nobody waits for. */
const TELL_TIMEOUT_MS = 10_000;
const DEFAULT_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const MOST_RESUMPTIONS = 100;
/** After the response the server should close the stream, which keeps the connection usable. */
const CLOSE_TIMEOUT_MS = 1000;

/** One JSON-RPC message to a server and what comes of it. */
@Injectable()
export class McpExchange {
  private readonly logger = new Logger(McpExchange.name);

  constructor(private readonly http: McpHttp) {}

  /**
   * @throws SendFailure, SessionLost, DomainError 502 `upstream_protocol_error` | `upstream_auth_required`, or what the
   *   signal is aborted with; a legacy server is told then (a modern one takes the closed connection for it)
   */
  async run(
    link: McpLink,
    request: WireRequest,
    observer: McpObserver,
    signal: AbortSignal,
  ): Promise<McpOutcome> {
    let answer: HttpAnswer | undefined;
    try {
      const headers = [...POST_HEADERS, ...link.headers, ...request.headers];
      answer = await this.http.send(link.target, { method: 'POST', headers, body: request.body }, signal);
      observer.answered(answer.status);
      return await this.outcomeOf(link, request, answer, observer, signal);
    } catch (error) {
      answer?.body.destroy();
      if (signal.aborted && !link.isModern && request.id !== undefined) this.cancel(link, request.id);
      throw error;
    }
  }

  private async outcomeOf(
    link: McpLink,
    request: WireRequest,
    answer: HttpAnswer,
    observer: McpObserver,
    signal: AbortSignal,
  ): Promise<McpOutcome> {
    const { status, rawHeaders, contentType } = answer;
    if (status === UNAUTHORIZED) throw upstreamAuthRequired();
    if (status === NOT_FOUND && link.hasSession) throw new SessionLost();
    if (contentType === 'text/event-stream' && request.id !== undefined) {
      observer.streaming(answer);
      const message = await this.readStream(link, request.id, answer, observer, signal);
      return { status, rawHeaders, message };
    }
    const message = messageIn(await this.http.read(answer), answer);
    if (message && request.id !== undefined && !isAnswerTo(request.id, message)) throw notMcp();
    return { status, rawHeaders, message };
  }

  /** Until the response; a server of 2025-11-25 may close in between and wants to be asked again. */
  private async readStream(
    link: McpLink,
    id: string,
    { body: first }: HttpAnswer,
    observer: McpObserver,
    signal: AbortSignal,
  ): Promise<McpMessage> {
    const progress: StreamProgress = { lastEventId: undefined, retryMs: undefined };
    let body = first;
    for (let resumptions = 0; resumptions < MOST_RESUMPTIONS; resumptions++) {
      const events = readEvents(body as AsyncIterable<Buffer>, progress);
      for (let event = await events.next(); !event.done; event = await events.next()) {
        const message = readMessage(event.value);
        if (message.kind === 'response' && isAnswerTo(id, message)) {
          void readToEnd(events, body);
          return message;
        }
        if (message.kind === 'request') this.answerServer(link, message);
        else if (message.kind === 'notification') await observer.notified(message.source);
      }
      body = await this.resume(link, progress, signal);
    }
    throw notMcp();
  }

  private async resume(link: McpLink, progress: StreamProgress, signal: AbortSignal): Promise<Readable> {
    const { lastEventId, retryMs = DEFAULT_RETRY_MS } = progress;
    if (link.isModern || lastEventId === undefined) throw notMcp();
    await delay(Math.min(retryMs, LONGEST_RETRY_MS), undefined, { signal });
    const headers = [...GET_HEADERS, ...link.headers, 'last-event-id', lastEventId];
    const answer = await this.http.send(link.target, { method: 'GET', headers }, signal).catch(afterSending);
    if (answer.status === 200 && answer.contentType === 'text/event-stream') return answer.body;
    answer.body.destroy();
    throw notMcp();
  }

  /** We have declared no capabilities, so there is nothing that a server could ask of us but whether we are there. */
  private answerServer(link: McpLink, { value, source }: McpMessage): void {
    const error = JSON.stringify({ code: METHOD_NOT_FOUND, message: 'Method not found' });
    const answer = new Map([['jsonrpc', '"2.0"']]).set('id', memberSources(source).get('id') ?? 'null');
    if (value.method === 'ping') answer.set('result', '{}');
    else answer.set('error', error);
    this.tell(link, writeObject(answer));
  }

  private cancel(link: McpLink, requestId: string): void {
    const params = { requestId, reason: 'the caller has left or its time is over' };
    this.tell(link, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
  }

  private tell(link: McpLink, body: string): void {
    const headers = [...POST_HEADERS, ...link.headers];
    const limit = AbortSignal.timeout(TELL_TIMEOUT_MS);
    this.http.send(link.target, { method: 'POST', headers, body }, limit).then(
      (answer) => answer.body.resume(),
      (error: unknown) => this.logger.debug({ msg: 'MCP server did not take a message', err: error }),
    );
  }
}

/** Errors may be told in HTTP alone; anything else that is no JSON-RPC is no MCP. */
function messageIn(text: string, { status, contentType }: HttpAnswer): McpMessage | undefined {
  if (contentType === 'application/json' && text.trim() !== '') {
    try {
      return readResponse(text);
    } catch (error) {
      if (status < 400) throw error;
      return undefined;
    }
  }
  if (status === 200) throw notMcp();
  return undefined;
}

function readResponse(text: string): McpMessage {
  const message = readMessage(text);
  if (message.kind !== 'response') throw notMcp();
  return message;
}

/** An error that could not be matched with a request has no id. */
function isAnswerTo(id: string, { value }: McpMessage): boolean {
  return value.id === id || (value.error !== undefined && (value.id === undefined || value.id === null));
}

/** The request itself is with the server: however its answer is lost, it must not be made again. */
function afterSending(error: unknown): never {
  throw error instanceof SendFailure ? error.failure.error : error;
}

async function readToEnd(events: AsyncGenerator<string>, body: Readable): Promise<void> {
  const timer = setTimeout(() => body.destroy(), CLOSE_TIMEOUT_MS);
  try {
    for await (const _ of events);
  } catch {
    // What comes after the response concerns nobody.
  }
  clearTimeout(timer);
}
