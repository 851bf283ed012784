import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { unauthenticated } from '../auth.errors.js';
import { ClientAddress } from '../client-address.js';
import { ApiKeyStrategy } from '../passport/api-key.strategy.js';
import { authenticate } from '../passport/credential.strategy.js';
import { JwtStrategy } from '../passport/jwt.strategy.js';
import type { GuardedRequest } from '../request-device.js';
import { refuseKeyInQuery } from '../verification/credential.js';
import { isHttp, routeAccessOf } from './route-access.js';

/** First of the global guards: who is calling? Routes declared public are not asked. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly addresses: ClientAddress,
    private readonly apiKeyStrategy: ApiKeyStrategy,
    private readonly jwtStrategy: JwtStrategy,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (!isHttp(context)) return true;
    const request = context.switchToHttp().getRequest<GuardedRequest>();
    request.device = {
      ip: this.addresses.of(request.raw),
      userAgent: request.headers['user-agent'] ?? '',
    };
    refuseKeyInQuery(request.url);
    if (routeAccessOf(this.reflector, context)?.kind === 'public') return true;
    request.caller = await authenticate([this.apiKeyStrategy, this.jwtStrategy], request);
    if (!request.caller) throw unauthenticated();
    return true;
  }
}
