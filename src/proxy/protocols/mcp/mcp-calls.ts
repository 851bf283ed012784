import { Injectable } from '@nestjs/common';
import { rawHeader } from '../../raw-headers.js';
import { EraDetector } from './era-detector.js';
import { asToolCall, INFERENCE } from './inference-sugar.js';
import { OwnChannel, SharedChannel } from './legacy-channel.js';
import { HandshakeRefused } from './legacy-session.js';
import { LegacySessions } from './legacy-sessions.js';
import type { McpCall, SessionChoice } from './mcp-call.js';
import { EraChanged, type CallOptions, type McpChannel } from './mcp-channel.js';
import { McpExchange, type McpObserver, type McpOutcome } from './mcp-exchange.js';
import { errorCodeOf, withErrorData } from './mcp-message.js';
import { ModernChannel } from './modern-channel.js';
import { notMcp } from './mcp-protocol.errors.js';
import { upstreamAuthRequired } from '../../proxy.errors.js';
import type { OutgoingCall } from './mcp-request.js';
import type { McpTarget } from './mcp-target.js';
import { ToolCatalogue } from './tool-catalogue.js';
import { HEADER_MISMATCH, isObject, METHOD_NOT_FOUND } from './mcp-wire.js';

export interface CallOrder {
  target: McpTarget;
  call: McpCall;
  session: SessionChoice;
  /** The revision that a session which the caller brings along was opened with. */
  sessionVersion: string | undefined;
  observer: McpObserver;
  signal: AbortSignal;
}

export interface CallResult {
  outcome: McpOutcome;
  /** Of a session that the caller holds. */
  sessionId: string | undefined;
}

const FORBIDDEN = 403;

/** The story of one call: find out the era, get a session if there are any, send, and make good what was amiss. */
@Injectable()
export class McpCalls {
  constructor(
    private readonly eras: EraDetector,
    private readonly exchange: McpExchange,
    private readonly sessions: LegacySessions,
    private readonly tools: ToolCatalogue,
  ) {}

  /** @throws SendFailure, DomainError, or what the signal is aborted with */
  async run(order: CallOrder): Promise<CallResult> {
    try {
      return await this.attempt(order);
    } catch (error) {
      if (!(error instanceof EraChanged)) throw error;
    }
    // What was known of the server is no longer so, and nothing was run.
    this.eras.forget(order.target);
    return this.attempt(order).catch((error: unknown) => {
      throw error instanceof EraChanged ? notMcp(error) : error;
    });
  }

  private async attempt(order: CallOrder): Promise<CallResult> {
    try {
      const channel = await this.channelFor(order);
      try {
        const outcome = await this.callOn(channel, order);
        return { outcome, sessionId: channel.sessionId ?? begunSession(order.call, outcome) };
      } finally {
        channel.close();
      }
    } catch (error) {
      if (error instanceof HandshakeRefused) return { outcome: error.outcome, sessionId: undefined };
      throw error;
    }
  }

  private async channelFor({
    target,
    call,
    session,
    sessionVersion,
    signal,
  }: CallOrder): Promise<McpChannel> {
    if (call.method === 'initialize') return new OwnChannel(this.exchange, target, undefined);
    if (session.kind === 'given') {
      return new OwnChannel(this.exchange, target, { id: session.sessionId, version: sessionVersion });
    }
    if ((await this.eras.of(target, signal)) === 'modern') return new ModernChannel(this.exchange, target);
    if (session.kind === 'shared') return new SharedChannel(this.exchange, target, this.sessions);
    return new OwnChannel(this.exchange, target, await this.sessions.openNew(target));
  }

  private async callOn(channel: McpChannel, { call, observer, signal }: CallOrder): Promise<McpOutcome> {
    const options = { isNotification: call.idSource === undefined, extraHeaders: [], observer, signal };
    const outcome =
      call.method === INFERENCE
        ? await this.infer(channel, call, options)
        : await this.send(channel, call, options);
    return options.isNotification ? outcome : requireMessage(outcome);
  }

  /** Without a tool that fits, the server is asked all the same, and its refusal says which tools there are. */
  private async infer(channel: McpChannel, call: McpCall, options: CallOptions): Promise<McpOutcome> {
    const tools = await this.tools.toolsOf(channel, options.signal);
    const outcome = await this.send(channel, asToolCall(call, tools) ?? call, options);
    const { message } = outcome;
    if (!message || errorCodeOf(message) !== METHOD_NOT_FOUND) return outcome;
    const available = tools.map(({ name }) => name);
    return {
      ...outcome,
      message: { ...message, source: withErrorData(message.source, 'available_tools', available) },
    };
  }

  /** A modern server wants some arguments of some tools in headers as well, and refuses before it runs anything. */
  private async send(channel: McpChannel, call: OutgoingCall, options: CallOptions): Promise<McpOutcome> {
    const extraHeaders = this.tools.headersFor(channel, call);
    const outcome = await channel.call(call, { ...options, extraHeaders });
    const { result } = outcome.message?.value ?? {};
    if (call.method === 'tools/list' && isObject(result)) this.tools.learn(channel.key, call.params, result);
    if (errorCodeOf(outcome.message) !== HEADER_MISMATCH || call.method !== 'tools/call') return outcome;
    await this.tools.refresh(channel, options.signal);
    return channel.call(call, { ...options, extraHeaders: this.tools.headersFor(channel, call) });
  }
}

/** A caller that makes the handshake itself goes on with its session. */
function begunSession({ method }: McpCall, { rawHeaders }: McpOutcome): string | undefined {
  return method === 'initialize' ? rawHeader(rawHeaders, 'mcp-session-id') : undefined;
}

function requireMessage(outcome: McpOutcome): McpOutcome {
  if (outcome.message) return outcome;
  throw outcome.status === FORBIDDEN ? upstreamAuthRequired() : notMcp();
}
