import { Injectable } from '@nestjs/common';
import type { Visit } from '../visit.js';
import { tooManyStreams } from './mcp.errors.js';

/** MCP streams stay open for hours, so a rate alone does not bound them. Per process. */
export const MOST_STREAMS = 1000;

/** How many MCP requests each account has open. */
@Injectable()
export class StreamLimit {
  private readonly open = new Map<string, number>();

  /**
   * Counts the visit until its response is closed.
   * @throws DomainError 429 `too_many_streams`
   */
  enter({ caller, response }: Visit): void {
    const { userId } = caller;
    const count = this.open.get(userId) ?? 0;
    if (count >= MOST_STREAMS) throw tooManyStreams(MOST_STREAMS);
    this.open.set(userId, count + 1);
    response.once('close', () => this.leave(userId));
  }

  private leave(userId: string): void {
    const count = (this.open.get(userId) ?? 1) - 1;
    if (count === 0) this.open.delete(userId);
    else this.open.set(userId, count);
  }
}
