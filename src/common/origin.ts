import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RequestWithCaller } from './caller.js';

/** Who did something, and from where. */
export interface Origin {
  /** `operator`: at the machine itself, through the admin program. `system`: the service, by itself. */
  actorKind: 'user' | 'anonymous' | 'operator' | 'system';
  /** The user's id. */
  actorId?: string;
  credential?: 'api_key' | 'jwt';
  /** Id of the API key or of the login session. */
  credentialId?: string;
  ip?: string;
  userAgent?: string;
  requestId?: string;
}

export const SYSTEM: Origin = { actorKind: 'system' };
export const OPERATOR: Origin = { actorKind: 'operator' };

/** A request of the control plane, with what the guard found out about where it comes from. */
export interface RequestWithOrigin extends RequestWithCaller {
  id?: unknown;
  device?: { ip: string; userAgent: string };
}

export function originOf({ id, caller, device }: RequestWithOrigin): Origin {
  const where = { ip: device?.ip, userAgent: device?.userAgent, requestId: String(id) };
  if (!caller) return { actorKind: 'anonymous', ...where };
  const { userId: actorId, credential, credentialId } = caller;
  return { actorKind: 'user', actorId, credential, credentialId, ...where };
}

/** The caller, address, user agent and id of the request, as a parameter of a controller's method. */
export const RequestOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin =>
  originOf(context.switchToHttp().getRequest<FastifyRequest & RequestWithOrigin>()),
);
