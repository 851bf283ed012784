import { Injectable } from '@nestjs/common';
import { AppConfig } from '../../config/config.js';
import type { RatePolicy } from './rate-limiter.js';

const MINUTE_MS = 60_000;
/** Good guesses of a key's checksum or of a live token never come by themselves, so a lot of them is an attack. */
const REFUSED_CREDENTIALS_PER_MINUTE = 300;

/** The limits in force. Keys of `control` and `proxy` are user ids. */
@Injectable()
export class RatePolicies {
  /** Requests under /api/v1. */
  readonly control: RatePolicy;
  /** The data plane, POST gpu/proxy and inference over WebSocket. */
  readonly proxy: RatePolicy;
  /** Credentials that took a look at the database to refuse, per address. */
  readonly refusedCredentials: RatePolicy = {
    name: 'credentials',
    limit: REFUSED_CREDENTIALS_PER_MINUTE,
    windowMs: MINUTE_MS,
  };

  constructor({ limits }: AppConfig) {
    this.control = { name: 'control', limit: limits.controlPerMinute, windowMs: MINUTE_MS };
    this.proxy = { name: 'proxy', limit: limits.proxyPerMinute, windowMs: MINUTE_MS };
  }
}
