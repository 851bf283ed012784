import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../config/config.js';
import { InFlight } from './in-flight.js';
import type { Visit } from './visit.js';

const FIRST_BAD_STATUS = 500;
/** A pool that is down fails every request; its log lines must not be what kills the process. */
const MOST_BAD_PER_SECOND = 20;

/**
 * One line for some requests of the data plane: one of so many that went well, and those that failed, as far as they
 * are not too many. A line names the pattern of the route, never the path or the query, which are the caller's.
 */
@Injectable()
export class RequestLog implements OnModuleInit {
  private readonly logger = new Logger('Request');
  private turn = 0;
  private second = 0;
  private badInSecond = 0;

  constructor(
    private readonly config: AppConfig,
    private readonly inFlight: InFlight,
  ) {}

  onModuleInit(): void {
    this.inFlight.onEnd((visit) => this.ended(visit));
  }

  private ended(visit: Visit): void {
    const isBad = visit.response.statusCode >= FIRST_BAD_STATUS;
    if (isBad ? this.hasRoom() : this.isItsTurn()) this.write(visit);
  }

  private isItsTurn(): boolean {
    const { requestSample } = this.config.logs;
    if (requestSample === 0) return false;
    this.turn = (this.turn + 1) % requestSample;
    return this.turn === 0;
  }

  private hasRoom(): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) [this.second, this.badInSecond] = [second, 0];
    this.badInSecond += 1;
    return this.badInSecond <= MOST_BAD_PER_SECOND;
  }

  private write(visit: Visit): void {
    const { request, response, match, requestId, durationMs } = visit;
    this.logger.log({
      msg: 'request',
      request_id: requestId,
      method: request.method,
      route: match.route.template,
      status: response.headersSent ? response.statusCode : 499,
      duration_ms: durationMs,
      // Absent when nobody was let in.
      user: (visit as Partial<Visit>).caller?.userId,
    });
  }
}
