import { Injectable } from '@nestjs/common';
import { API_KEY_START } from '../auth/api-keys/api-key-format.js';
import { RateLimiter, type RatePolicy } from '../auth/rate-limiting/rate-limiter.js';
import { CallerVerifier } from '../auth/verification/caller-verifier.js';
import type { Caller } from '../common/caller.js';
import { AppConfig } from '../config/config.js';

const FRAME_POLICY: RatePolicy = { name: 'stream-frames', limit: 200, windowMs: 10_000 };

/** Credentials and limits of streaming connections. */
@Injectable()
export class StreamAccess {
  constructor(
    private readonly config: AppConfig,
    private readonly verifier: CallerVerifier,
    private readonly limiter: RateLimiter,
  ) {}

  get isMarketPublic(): boolean {
    return this.config.streaming.isMarketPublic;
  }

  async verify(token: string): Promise<Caller> {
    const kind = token.startsWith(API_KEY_START) ? 'api_key' : 'jwt';
    return this.verifier.verifyCredential({ kind, text: token });
  }

  admits(key: string): boolean {
    return this.limiter.take(FRAME_POLICY, key).isAllowed;
  }

  /** Pages of other origins may not use a visitor's credentials; programs send no origin. */
  isOriginAllowed(origin: string | undefined): boolean {
    if (origin === undefined || this.config.mode.isDeveloper) return true;
    const { corsOrigins, publicUrl } = this.config.server;
    return corsOrigins.includes('*') || corsOrigins.includes(origin) || origin === originOf(publicUrl);
  }
}

const originOf = (url: string | undefined): string | undefined => url && new URL(url).origin;
