import { Injectable, Logger } from '@nestjs/common';
import { requireAccess } from '../auth/guards/access.guard.js';
import { DataPlaneLimits } from '../auth/rate-limiting/data-plane-limits.js';
import { rateLimitHeaders } from '../auth/rate-limiting/rate-limit-headers.js';
import { CallerVerifier } from '../auth/verification/caller-verifier.js';
import { refuseKeyInQuery } from '../auth/verification/credential.js';
import type { RateDecision } from '../auth/rate-limiting/rate-policy.js';
import type { Caller } from '../common/caller.js';
import { isDomainError } from '../common/domain-error.js';
import { checkRequest } from './framing.js';
import type { Visit } from './visit.js';

const ACCESS = { kind: 'scope', scope: 'proxy:use' } as const;

/** The door's questions, in the order of the guards of the control plane and with their answers. */
@Injectable()
export class Admission {
  private readonly logger = new Logger(Admission.name);

  constructor(
    private readonly verifier: CallerVerifier,
    private readonly limits: DataPlaneLimits,
  ) {}

  /**
   * Who is calling, and whether not too often: at once when the credential is known.
   * @throws DomainError (or rejects) 400, 401, 405, 429 `rate_limited`, 508
   */
  identify(visit: Visit): Caller | Promise<Caller> {
    const { request, ip } = visit;
    checkRequest(request);
    refuseKeyInQuery(request.url ?? '');
    this.limits.takeAddress(ip);
    const caller = this.verifier.verify(request.headers, ip);
    return caller instanceof Promise
      ? caller.then((known) => this.limit(visit, known))
      : this.limit(visit, caller);
  }

  /** @throws DomainError 429 `too_many_concurrent_requests`, 403 `insufficient_scope` or `password_change_required` */
  admit(visit: Visit, caller: Caller): void {
    visit.caller = caller;
    this.requireAccess(visit, caller);
    leaveAtEnd(visit, this.limits.enter(caller));
  }

  private requireAccess({ match, ip }: Visit, caller: Caller): void {
    try {
      requireAccess(ACCESS, caller);
    } catch (error) {
      const code = isDomainError(error) ? error.code : undefined;
      const { template: route } = match.route;
      this.logger.warn({ msg: 'access refused', code, route, user: caller.userId, ip });
      throw error;
    }
  }

  private limit(visit: Visit, caller: Caller): Caller | Promise<Caller> {
    const decisions = this.limits.take(caller);
    return decisions instanceof Promise
      ? decisions.then((made) => counted(visit, caller, made))
      : counted(visit, caller, decisions);
  }
}

/** The headers are for whatever the answer will be. */
function counted(visit: Visit, caller: Caller, decisions: readonly RateDecision[]): Caller {
  const headers = rateLimitHeaders(...decisions);
  for (const name in headers) visit.extraHeaders.push(name, headers[name]);
  return caller;
}

/** An upgraded request has no end of its own but its socket's. */
function leaveAtEnd({ request: { headers, socket }, response }: Visit, leave: () => void): void {
  response.once('close', leave);
  if (headers.upgrade === undefined) return;
  socket.once('close', leave);
  response.once('close', () => socket.off('close', leave));
}
