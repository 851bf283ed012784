import { Injectable } from '@nestjs/common';
import { requireAccess } from '../auth/guards/access.guard.js';
import { rateLimited, rateLimitHeaders } from '../auth/rate-limiting/rate-limit-headers.js';
import { RateLimiter } from '../auth/rate-limiting/rate-limiter.js';
import { RatePolicies } from '../auth/rate-limiting/rate-policies.js';
import { CallerVerifier } from '../auth/verification/caller-verifier.js';
import { refuseKeyInQuery } from '../auth/verification/credential.js';
import type { Caller } from '../common/caller.js';
import { checkRequest } from './framing.js';
import type { Visit } from './visit.js';

const ACCESS = { kind: 'scope', scope: 'proxy:use' } as const;

/** The door's questions, in the order of the guards of the control plane and with their answers. */
@Injectable()
export class Admission {
  constructor(
    private readonly verifier: CallerVerifier,
    private readonly limiter: RateLimiter,
    private readonly policies: RatePolicies,
  ) {}

  /**
   * Who is calling: at once when the credential is known.
   * @throws DomainError (or rejects) 400, 401, 405, 508
   */
  identify({ request, ip }: Visit): Caller | Promise<Caller> {
    checkRequest(request);
    refuseKeyInQuery(request.url ?? '');
    return this.verifier.verify(request.headers, ip);
  }

  /** @throws DomainError 429 `rate_limited`, 403 `insufficient_scope` or `password_change_required` */
  admit(visit: Visit, caller: Caller): void {
    visit.caller = caller;
    const decision = this.limiter.take(this.policies.proxy, caller.userId);
    if (!decision.isAllowed) throw rateLimited(decision);
    const headers = rateLimitHeaders(decision);
    for (const name in headers) visit.extraHeaders.push(name, headers[name]);
    requireAccess(ACCESS, caller);
  }
}
