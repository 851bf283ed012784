import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { AppConfig } from '../../config/config.js';
import type { RateAsk, RatePolicy } from './rate-policy.js';

const MINUTE_MS = 60_000;
/** Good guesses of a key's checksum or of a live token never come by themselves, so a lot of them is an attack. */
const REFUSED_CREDENTIALS_PER_MINUTE = 300;
/** Before it is known who calls, an address may do as much as so many users. */
const USERS_PER_ADDRESS = 60;

interface RouteClass {
  name: string;
  method: string;
  /** Matches the path of the route. */
  path: RegExp;
  /** Of the limit on all control-plane requests. */
  share: number;
  isCautious?: boolean;
}

/** Requests that cost more than others and have a limit of their own on top of the user's. */
const ROUTE_CLASSES: readonly RouteClass[] = [
  { name: 'rent', method: 'POST', path: /^\/api\/v1\/gpu\/instances\//, share: 0.6 },
  { name: 'payment', method: 'POST', path: /^\/api\/v1\/billing\/payment$/, share: 0.3, isCautious: true },
  { name: 'keys', method: 'POST', path: /^\/api\/v1\/auth\/apikey/, share: 0.3 },
];

/** The limits in force. Keys are user ids or, where the name says so, addresses. */
@Injectable()
export class RatePolicies {
  /** Requests under /api/v1. */
  readonly control: RatePolicy;
  /** The same, by address and before anybody has asked who is calling. */
  readonly address: RatePolicy;
  /** The data plane, POST gpu/proxy and inference over WebSocket. */
  readonly proxy: RatePolicy;
  /** The same, by address. */
  readonly proxyAddress: RatePolicy;
  /** Credentials that took a look at the database to refuse, per address. */
  readonly refusedCredentials: RatePolicy = perMinute('credentials', REFUSED_CREDENTIALS_PER_MINUTE);
  private readonly classes: readonly { routeClass: RouteClass; policy: RatePolicy }[];

  constructor({ limits }: AppConfig) {
    const { controlPerMinute, proxyPerMinute } = limits;
    this.control = perMinute('control', controlPerMinute);
    this.address = perMinute('address', controlPerMinute * USERS_PER_ADDRESS);
    this.proxy = perMinute('proxy', proxyPerMinute);
    this.proxyAddress = perMinute('proxy-address', proxyPerMinute * USERS_PER_ADDRESS);
    this.classes = ROUTE_CLASSES.map((routeClass) => {
      const { name, share, isCautious } = routeClass;
      return { routeClass, policy: { ...perMinute(name, Math.ceil(controlPerMinute * share)), isCautious } };
    });
  }

  /** A key's own limit, which counts by `KeyLimits.id`; undefined when it has none. */
  ofKey({ limits }: Caller): RateAsk | undefined {
    if (limits?.requestsPerMinute === undefined) return undefined;
    return { policy: perMinute('key', limits.requestsPerMinute), key: limits.id };
  }

  /** All policies of a control-plane request. @param path of the route, e.g. `/api/v1/auth/apikey/:id` */
  ofRoute(method: string, path = ''): RatePolicy[] {
    const matching = this.classes.filter(
      ({ routeClass }) => routeClass.method === method && routeClass.path.test(path),
    );
    return [this.control, ...matching.map(({ policy }) => policy)];
  }
}

function perMinute(name: string, limit: number): RatePolicy {
  return { name, limit, windowMs: MINUTE_MS };
}
