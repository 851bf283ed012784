import { Injectable } from '@nestjs/common';
import type { Visit } from '../visit.js';
import { OriginCheck } from './origin-check.js';
import { StreamLimit } from './stream-limit.js';

/** What MCP asks of a request beyond a good credential. */
@Injectable()
export class McpAdmission {
  constructor(
    private readonly origins: OriginCheck,
    private readonly streams: StreamLimit,
  ) {}

  /** @throws DomainError 403, 429 */
  admit(visit: Visit): void {
    this.origins.check(visit.request);
    this.streams.enter(visit);
  }
}
