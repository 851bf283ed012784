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

/** What the owner of an API key has narrowed it to, beside its scopes. What is absent narrows nothing. */
export interface KeyLimits {
  /** Names the key across its rotations: what is counted against a limit goes on when it gets a successor. */
  id: string;
  /** Micro-credits that its requests may cost altogether. */
  spendMicro?: number;
  /** On both planes together. */
  requestsPerMinute?: number;
  allowsAddress?(address: string): boolean;
  /** As the upstream calls it, without a pool's prefix. */
  allowsModel?(model: string): boolean;
  /** @param names of a pool, an instance or a rental, whichever the request goes to; `url` is the one that was typed */
  allowsTarget?(names: readonly string[], url?: URL): boolean;
}

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
  /** Of an API key that has any. */
  limits?: KeyLimits;
}

/** The part of a request that the guard fills. */
export interface RequestWithCaller {
  caller?: Caller;
}

/** How a route may be reached; every route declares exactly one. */
export type RouteAccess =
  | { kind: 'public' }
  | { kind: 'admin' }
  /** `isOpenEnded`: begins something whose cost nobody knows yet, so that it is closed to keys with a spend limit. */
  | { kind: 'scope'; scope: Scope; isOpenEnded?: boolean }
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
export const RequireScope = (scope: Scope, options: { isOpenEnded?: boolean } = {}): Access =>
  access({ kind: 'scope', scope, ...options });
export const JwtOnly = (options: { evenWithTemporaryPassword?: boolean } = {}): Access =>
  access({ kind: 'login', ...options }, ApiSecurity('bearer'));

/** The verified caller, as a parameter of a controller's method. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<RequestWithCaller>();
  if (!caller) throw new DomainError('unauthenticated', 401, 'This route needs an API key or a token.');
  return caller;
});
