import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '../../../common/clock.js';
import { newId } from '../../../common/id.js';
import { AppConfig } from '../../../config/config.js';
import { NOBODY } from './mcp-channel.js';
import { isModernVersion } from '../../mcp/mcp-headers.js';
import { McpExchange, type McpOutcome } from './mcp-exchange.js';
import { errorCodeOf } from './mcp-message.js';
import { modernLink } from './modern-channel.js';
import { noCommonVersion, notMcp } from './mcp-protocol.errors.js';
import { upstreamAuthRequired } from '../../proxy.errors.js';
import { modernHeaders, writeRequest, type OutgoingCall } from './mcp-request.js';
import type { McpTarget } from './mcp-target.js';
import { SingleFlight, withinTime } from './single-flight.js';
import { isObject, MODERN_VERSION, UNSUPPORTED_VERSION } from './mcp-wire.js';

export type Era = 'modern' | 'legacy';

interface Verdict {
  era: Era;
  until: number;
}

const KEPT_MS = 600_000;
const MOST_SERVERS = 10_000;
const FORBIDDEN = 403;
/** Too slow, too early, too often: whoever it is that says so. */
const SAY_NOTHING = new Set([408, 425, 429]);

/** A method without effects, which every modern server has and no legacy one. */
const DISCOVER: OutgoingCall = { method: 'server/discover', params: {}, paramsSource: '{}' };

/** Which era a server speaks: asked once, and then known for ten minutes. */
@Injectable()
export class EraDetector {
  private readonly verdicts = new LRUCache<string, Verdict>({ max: MOST_SERVERS });
  private readonly flights = new SingleFlight<Era>();

  constructor(
    private readonly config: AppConfig,
    private readonly exchange: McpExchange,
    private readonly clock: Clock,
  ) {}

  /** @throws SendFailure, DomainError 502, or what the signal is aborted with */
  async of(target: McpTarget, signal: AbortSignal): Promise<Era> {
    const known = this.verdicts.get(placeOf(target));
    if (known && known.until > this.clock.now()) return known.era;
    // Shared by those only who have the same credentials.
    return this.flights.share(target.key, signal, () => this.ask(target));
  }

  forget(target: McpTarget): void {
    this.verdicts.delete(placeOf(target));
  }

  private async ask(target: McpTarget): Promise<Era> {
    const id = newId();
    const request = { id, body: writeRequest(DISCOVER, id, true), headers: modernHeaders(DISCOVER) };
    const outcome = await withinTime(this.config.proxy.firstByteTimeoutMs, (signal) =>
      this.exchange.run(modernLink(target), request, NOBODY, signal),
    );
    const era = eraFrom(outcome);
    this.verdicts.set(placeOf(target), { era, until: this.clock.now() + KEPT_MS });
    return era;
  }
}

function placeOf({ origin, path }: McpTarget): string {
  return `${origin}${path}`;
}

/**
 * Revision 2026-07-28, basic/versioning: only a server that says so is modern, any other refusal is a legacy one's. A
 * failure (5xx) or a demand for credentials says nothing.
 */
function eraFrom({ status, message }: McpOutcome): Era {
  if (status === FORBIDDEN) throw upstreamAuthRequired();
  if (status >= 500 || SAY_NOTHING.has(status)) throw notMcp();
  const { result, error } = message?.value ?? {};
  if (isObject(result)) return eraOf(result.supportedVersions);
  if (errorCodeOf(message) !== UNSUPPORTED_VERSION || !isObject(error)) return 'legacy';
  return eraOf(isObject(error.data) ? error.data.supported : undefined);
}

function eraOf(versions: unknown): Era {
  if (!Array.isArray(versions) || versions.length === 0) return 'legacy';
  if (versions.includes(MODERN_VERSION)) return 'modern';
  if (versions.every(isModernVersion)) throw noCommonVersion();
  return 'legacy';
}
