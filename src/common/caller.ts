import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { DomainError } from './domain-error.js';

/** What a credential may do. A JWT of a login carries all but `admin`, which is read from the user's row. */
export const SCOPES = [
  'gpu:read',
  'gpu:write',
  'proxy:use',
  'billing:read',
  'billing:write',
  'keys:manage',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Who is calling, as the guard or the data-plane door established it. */
export interface Caller {
  userId: string;
  email: string;
  isAdmin: boolean;
  /** A password set by an operator: only the change of password is open (keys are not affected). */
  mustChangePassword: boolean;
  credential: 'api_key' | 'jwt';
  /** Id of the API key or of the login session. */
  credentialId: string;
  scopes: readonly Scope[];
}

/** The part of a request that the guard fills. */
export interface RequestWithCaller {
  caller?: Caller;
}

/** How a route may be reached; every route declares exactly one. */
export type RouteAccess =
  | { kind: 'public' }
  | { kind: 'admin' }
  | { kind: 'scope'; scope: Scope }
  /** A login's token, never an API key; `evenWithTemporaryPassword` opens it to callers who must change theirs. */
  | { kind: 'login'; evenWithTemporaryPassword?: boolean };

export const ROUTE_ACCESS = 'route-access';

const access = (value: RouteAccess): MethodDecorator & ClassDecorator => SetMetadata(ROUTE_ACCESS, value);

export const Public = (): MethodDecorator & ClassDecorator => access({ kind: 'public' });
export const AdminOnly = (): MethodDecorator & ClassDecorator => access({ kind: 'admin' });
export const RequireScope = (scope: Scope): MethodDecorator & ClassDecorator =>
  access({ kind: 'scope', scope });
export const JwtOnly = (
  options: { evenWithTemporaryPassword?: boolean } = {},
): MethodDecorator & ClassDecorator => access({ kind: 'login', ...options });

/** The verified caller, as a parameter of a controller's method. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<RequestWithCaller>();
  if (!caller) throw new DomainError('unauthenticated', 401, 'This route needs an API key or a token.');
  return caller;
});
