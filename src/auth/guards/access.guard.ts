import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Caller, RouteAccess } from '../../common/caller.js';
import { Clock } from '../../common/clock.js';
import { isDomainError } from '../../common/domain-error.js';
import { EventBus } from '../../common/event-bus.js';
import { originOf } from '../../common/origin.js';
import { SECURITY_NOTED, type SecurityNote } from '../../common/security-note.js';
import {
  accessUndeclared,
  adminRequired,
  insufficientScope,
  loginRequired,
  passwordChangeRequired,
  spendLimitedKey,
  unauthenticated,
} from '../auth.errors.js';
import type { GuardedRequest } from '../request-device.js';
import { isHttp, routeAccessOf } from './route-access.js';

/** Last of the global guards: may this caller reach this route? A route that declares nothing is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly logger = new Logger(AccessGuard.name);

  constructor(
    private readonly reflector: Reflector,
    private readonly events: EventBus,
    private readonly clock: Clock,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (!isHttp(context)) return true;
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    const access = routeAccessOf(this.reflector, context);
    if (!access) {
      this.logger.error({ msg: 'route without declared access', route: request.routeOptions.url });
      throw accessUndeclared();
    }
    this.refuseUnlessOpen(access, request);
    return true;
  }

  private refuseUnlessOpen(access: RouteAccess, request: GuardedRequest): void {
    const { caller, routeOptions, device } = request;
    try {
      requireAccess(access, caller);
    } catch (error) {
      const code = isDomainError(error) ? error.code : undefined;
      const route = routeOptions.url;
      this.logger.warn({ msg: 'access refused', code, route, user: caller?.userId, ip: device?.ip });
      this.note(request, code);
      throw error;
    }
  }

  private note(request: GuardedRequest, code: string | undefined): void {
    const { method, routeOptions } = request;
    const details = { code, route: `${method} ${routeOptions.url ?? ''}` };
    const data: SecurityNote = { action: 'access.refused', origin: originOf(request), details };
    this.events.emit({ name: SECURITY_NOTED, at: this.clock.now(), data });
  }
}

/** @throws DomainError 401 `unauthenticated`, 403 with the reason as its code */
export function requireAccess(access: RouteAccess, caller: Caller | undefined): void {
  if (access.kind === 'public') return;
  if (!caller) throw unauthenticated();
  const isLogin = caller.credential === 'jwt';
  const mayComeAnyway = access.kind === 'login' && access.evenWithTemporaryPassword;
  if (isLogin && caller.mustChangePassword && !mayComeAnyway) throw passwordChangeRequired();
  switch (access.kind) {
    case 'login':
      if (!isLogin) throw loginRequired();
      return;
    case 'admin':
      if (!caller.isAdmin) throw adminRequired();
      return;
    case 'scope':
      if (!caller.scopes.includes(access.scope)) throw insufficientScope(access.scope);
      if (access.isOpenEnded && caller.limits?.spendMicro !== undefined) throw spendLimitedKey();
  }
}
