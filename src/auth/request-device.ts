import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RequestWithCaller } from '../common/caller.js';
import type { SessionDevice } from '../sessions/session-store.js';

/** A request of the control plane, with what the guards found out about it. */
export interface GuardedRequest extends FastifyRequest, RequestWithCaller {
  device?: SessionDevice;
}

/** Address and user agent of the caller, as a parameter of a controller's method. */
export const Device = createParamDecorator((_: unknown, context: ExecutionContext): SessionDevice => {
  const { device } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!device) throw new Error('the route was reached around the guard');
  return device;
});
