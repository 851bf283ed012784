import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
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

type Access = MethodDecorator & ClassDecorator;

/** What the guard enforces and what the OpenAPI document says, in one place. */
const access = (value: RouteAccess, ...documented: Access[]): Access =>
  applyDecorators(SetMetadata(ROUTE_ACCESS, value), ...documented) as Access;

/** Open to everybody. */
export const Public = (): Access => access({ kind: 'public' }, ApiSecurity({}));
export const AdminOnly = (): Access => access({ kind: 'admin' });
export const RequireScope = (scope: Scope): Access => access({ kind: 'scope', scope });
export const JwtOnly = (options: { evenWithTemporaryPassword?: boolean } = {}): Access =>
  access({ kind: 'login', ...options }, ApiSecurity('bearer'));

/** The verified caller, as a parameter of a controller's method. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<RequestWithCaller>();
  if (!caller) throw new DomainError('unauthenticated', 401, 'This route needs an API key or a token.');
  return caller;
});
