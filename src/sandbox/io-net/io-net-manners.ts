import type { FarmAnswer, FarmCall, FarmManners, FarmRoute } from '../farm-call.js';
import { gatewayTimeout } from '../farm-server.js';
import {
  badGateway,
  internalError,
  invalidInput,
  invalidKey,
  missingKey,
  tooManyRequests,
} from './io-net.errors.js';

/** How io.net treats every call. It publishes no rate limit, so there is none unless a fault plans one. */
export class IoNetManners implements FarmManners {
  constructor(private readonly apiKey: string) {}

  authorize(_: FarmRoute, { headers }: FarmCall): void {
    const key = headers['x-api-key'];
    if (!key) throw missingKey();
    if (key !== this.apiKey) throw invalidKey();
  }

  throttle(): void {
    // Nothing to hold back: no limit is published.
  }

  transportAnswer(effect: string): FarmAnswer | undefined {
    switch (effect) {
      case 'rate_limited':
        return tooManyRequests();
      case 'html_502':
        return badGateway();
      case 'html_504':
        return gatewayTimeout();
      case 'server_error':
        return internalError();
      default:
        return undefined;
    }
  }

  malformedBody(): FarmAnswer {
    return invalidInput([{ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error' }]).answer;
  }

  unknownRoute(): FarmAnswer {
    return { status: 404, body: { detail: 'Not Found' } };
  }
}
