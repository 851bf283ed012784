import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { addressNotAllowed } from '../auth.errors.js';
import { LastUsedRecorder } from '../api-keys/last-used.recorder.js';
import { CallerCache } from './caller-cache.js';
import { CredentialLookup } from './credential-lookup.js';
import { readCredential, type Credential } from './credential.js';

/** When the caller's address is not known, e.g. behind a message of a socket. */
const NO_ADDRESS = '0.0.0.0';

/** The one place where a credential becomes a caller: for the guard, the data plane's door and WebSockets alike. */
@Injectable()
export class CallerVerifier {
  private readonly logger = new Logger(CallerVerifier.name);
  private readonly pending = new Map<string, Promise<Caller>>();

  constructor(
    private readonly cache: CallerCache,
    private readonly lookup: CredentialLookup,
    private readonly lastUsed: LastUsedRecorder,
  ) {}

  /**
   * The caller at once when the credential was found good in the last 30 s, else a promise. X-API-Key decides when both
   * headers are there; nothing falls back to the other.
   * @throws DomainError (or rejects) 401 `unauthenticated`, `invalid_api_key`, `invalid_token`, 403
   *   `address_not_allowed`, 429 `rate_limited`, 503 when the database cannot say
   */
  verify(headers: IncomingHttpHeaders, address = NO_ADDRESS): Caller | Promise<Caller> {
    return this.verifyCredential(readCredential(headers), address);
  }

  /** As `verify`, for a credential that came by another way than headers. */
  verifyCredential(credential: Credential, address = NO_ADDRESS): Caller | Promise<Caller> {
    const digest = hash('sha256', credential.text, 'base64');
    const caller = this.cache.get(digest);
    if (caller?.credential === credential.kind) return this.noted(caller, address);
    return this.verifyOnce(digest, credential, address).then((known) => this.noted(known, address));
  }

  /** Simultaneous requests with one credential share one look at the database. */
  private verifyOnce(digest: string, credential: Credential, address: string): Promise<Caller> {
    const flight = `${this.cache.generation} ${credential.kind} ${digest}`;
    const known = this.pending.get(flight);
    if (known) return known;
    const verifying = this.verifyFresh(digest, credential, address).finally(() =>
      this.pending.delete(flight),
    );
    this.pending.set(flight, verifying);
    return verifying;
  }

  private async verifyFresh(digest: string, credential: Credential, address: string): Promise<Caller> {
    const { generation } = this.cache;
    const verified = await this.lookup.verify(credential, address);
    this.cache.remember(digest, verified, generation);
    return verified.caller;
  }

  private noted(caller: Caller, address: string): Caller {
    if (caller.limits?.allowsAddress?.(address) === false) {
      this.logger.warn({
        msg: 'access refused',
        code: 'address_not_allowed',
        key: caller.credentialId,
        ip: address,
      });
      throw addressNotAllowed();
    }
    if (caller.credential === 'api_key') this.lastUsed.touch(caller.credentialId);
    return caller;
  }
}
