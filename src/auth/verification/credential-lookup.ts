import { Injectable, Logger } from '@nestjs/common';
import { parseApiKey } from '../api-keys/api-key-format.js';
import { invalidApiKey, invalidToken } from '../auth.errors.js';
import { limitKeyOf } from '../client-address.js';
import { rateLimited } from '../rate-limiting/rate-limit-headers.js';
import { RateLimiter } from '../rate-limiting/rate-limiter.js';
import { RatePolicies } from '../rate-limiting/rate-policies.js';
import { AccessTokenService } from '../tokens/access-token.service.js';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import type { VerifiedCaller } from './caller-cache.js';
import type { Credential } from './credential.js';
import { TokenAuthenticator } from './token.authenticator.js';

type Lookup = () => Promise<VerifiedCaller | undefined>;

/**
 * Checks a credential from the ground up. What is wrong in itself (checksum, signature, expiry) is refused without a
 * query; for the rest an address may be wrong only so often a minute.
 */
@Injectable()
export class CredentialLookup {
  private readonly logger = new Logger(CredentialLookup.name);

  constructor(
    private readonly tokens: AccessTokenService,
    private readonly tokenAuthenticator: TokenAuthenticator,
    private readonly keyAuthenticator: ApiKeyAuthenticator,
    private readonly limiter: RateLimiter,
    private readonly policies: RatePolicies,
  ) {}

  /**
   * @param address the caller's, as `ClientAddress` read it
   * @throws DomainError 401 `invalid_api_key` or `invalid_token`, 429 `rate_limited`
   */
  async verify(credential: Credential, address: string): Promise<VerifiedCaller> {
    const lookup = this.lookupOf(credential);
    const { refusedCredentials } = this.policies;
    const limitKey = limitKeyOf(address);
    const decision = this.limiter.peek(refusedCredentials, limitKey);
    if (!decision.isAllowed) throw rateLimited(decision);
    const verified = await lookup();
    if (verified) return verified;
    this.limiter.take(refusedCredentials, limitKey);
    this.logger.warn({ msg: 'credential refused', kind: credential.kind, ip: address });
    throw credential.kind === 'jwt' ? invalidToken() : invalidApiKey();
  }

  private lookupOf({ kind, text }: Credential): Lookup {
    if (kind === 'jwt') {
      const claims = this.tokens.verify(text);
      return () => this.tokenAuthenticator.identify(claims);
    }
    const key = parseApiKey(text);
    if (!key) throw invalidApiKey();
    return () => this.keyAuthenticator.identify(key);
  }
}
