import { newId } from '../../../common/id.js';
import { EraChanged, type CallOptions, type McpChannel } from './mcp-channel.js';
import type { McpExchange, McpLink, McpOutcome } from './mcp-exchange.js';
import { errorCodeOf } from './mcp-message.js';
import { modernHeaders, writeRequest, type OutgoingCall } from './mcp-request.js';
import type { McpTarget } from './mcp-target.js';

/** Each request stands for itself. */
export function modernLink(target: McpTarget): McpLink {
  return { target, isModern: true, headers: [], hasSession: false };
}

/** What legacy servers say to a request without a session; no modern server uses these numbers. */
const LEGACY_CODES = new Set([-32_000, -32_001]);

/** A server of revision 2026-07-28. */
export class ModernChannel implements McpChannel {
  readonly isModern = true;

  constructor(
    private readonly exchange: McpExchange,
    private readonly target: McpTarget,
  ) {}

  get key(): string {
    return this.target.key;
  }

  async call(call: OutgoingCall, options: CallOptions): Promise<McpOutcome> {
    const id = options.isNotification ? undefined : newId();
    const headers = [...modernHeaders(call), ...options.extraHeaders];
    const request = { id, body: writeRequest(call, id, true), headers };
    const outcome = await this.exchange.run(
      modernLink(this.target),
      request,
      options.observer,
      options.signal,
    );
    if (isLegacyRefusal(outcome)) throw new EraChanged();
    return outcome;
  }

  close(): void {
    // There is nothing to give back.
  }
}

function isLegacyRefusal({ status, message }: McpOutcome): boolean {
  if (status < 400 || status >= 500 || status === 403) return false;
  return message === undefined || LEGACY_CODES.has(errorCodeOf(message) ?? 0);
}
