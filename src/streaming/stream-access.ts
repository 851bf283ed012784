import { Injectable } from '@nestjs/common';
import { API_KEY_START } from '../auth/api-keys/api-key-format.js';
import { CallerVerifier } from '../auth/verification/caller-verifier.js';
import type { Caller, Scope } from '../common/caller.js';
import { AppConfig } from '../config/config.js';
import type { Channel } from './channels.js';

/** What a key has to allow for each channel. */
const SCOPE_OF: Readonly<Record<Channel, Scope>> = {
  rentals: 'gpu:read',
  reservations: 'gpu:read',
  load: 'gpu:read',
  market: 'gpu:read',
  credits: 'billing:read',
  payments: 'billing:read',
};

/** Who may connect to the streams, and to see what. */
@Injectable()
export class StreamAccess {
  constructor(
    private readonly config: AppConfig,
    private readonly verifier: CallerVerifier,
  ) {}

  get isMarketPublic(): boolean {
    return this.config.streaming.isMarketPublic;
  }

  async verify(token: string, address: string): Promise<Caller> {
    const kind = token.startsWith(API_KEY_START) ? 'api_key' : 'jwt';
    return this.verifier.verifyCredential({ kind, text: token }, address);
  }

  mayStream({ mustChangePassword, credential }: Caller): boolean {
    return credential === 'api_key' || !mustChangePassword;
  }

  /** @param caller undefined = somebody who has not said who they are */
  maySee(caller: Caller | undefined, channel: Channel): boolean {
    if (!caller) return this.isMarketPublic && channel === 'market';
    return caller.scopes.includes(SCOPE_OF[channel]);
  }

  /** Pages of other origins may not use a visitor's credentials; programs send no origin. */
  isOriginAllowed(origin: string | undefined): boolean {
    if (origin === undefined || this.config.mode.isDeveloper) return true;
    const { corsOrigins, publicUrl } = this.config.server;
    return corsOrigins.includes('*') || corsOrigins.includes(origin) || origin === originOf(publicUrl);
  }
}

const originOf = (url: string | undefined): string | undefined => url && new URL(url).origin;
