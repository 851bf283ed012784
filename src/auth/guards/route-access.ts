import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ROUTE_ACCESS, type RouteAccess } from '../../common/caller.js';

/** What a route declares about who may reach it; the method's word goes before its class's. */
export function routeAccessOf(reflector: Reflector, context: ExecutionContext): RouteAccess | undefined {
  return reflector.getAllAndOverride<RouteAccess | undefined>(ROUTE_ACCESS, [
    context.getHandler(),
    context.getClass(),
  ]);
}

/** Guards are global and see messages of WebSocket gateways too; those callers are known since the handshake. */
export function isHttp(context: ExecutionContext): boolean {
  return context.getType() === 'http';
}
