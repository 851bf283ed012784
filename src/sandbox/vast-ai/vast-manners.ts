import type { FarmAnswer, FarmCall, FarmManners, FarmRoute } from '../farm-call.js';
import { gatewayTimeout } from '../farm-server.js';
import type { VastPacing } from './vast-pacing.js';
import { deprecatedList, htmlError, invalidArgs, invalidKey, loginRequired } from './vast.errors.js';

/** How vast.ai treats every call: keys, minimum intervals and the looks of its gateway's errors. */
export class VastManners implements FarmManners {
  constructor(
    private readonly apiKey: string,
    private readonly pacing: VastPacing,
  ) {}

  /** An open route still refuses a wrong key. */
  authorize(route: FarmRoute, { headers, query }: FarmCall): void {
    const key = headers.authorization?.replace(/^Bearer /i, '') ?? query.api_key;
    if (key === this.apiKey) return;
    if (key) throw invalidKey(route.call === 'show' ? 401 : 404);
    if (!route.isOpen) throw loginRequired();
  }

  throttle(route: FarmRoute): void {
    this.pacing.take(route.call);
  }

  transportAnswer(effect: string, route: FarmRoute): FarmAnswer | undefined {
    switch (effect) {
      case 'rate_limited':
        return this.pacing.tooFrequent(route.call);
      case 'html_502':
        return htmlError(502, 'Bad Gateway');
      case 'html_504':
        return gatewayTimeout();
      case 'server_error':
        return htmlError(500, 'Internal Server Error');
      case 'gone_410':
        return deprecatedList().answer;
      default:
        return undefined;
    }
  }

  malformedBody(): FarmAnswer {
    return invalidArgs('the body is not JSON').answer;
  }

  unknownRoute(): FarmAnswer {
    return htmlError(404, 'Not Found');
  }
}
