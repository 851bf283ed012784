import { describe, expect, it } from 'vitest';
import { SCOPES, type Caller, type RouteAccess } from '../../common/caller.js';
import { isDomainError } from '../../common/domain-error.js';
import { requireAccess } from './access.guard.js';

const LOGIN: Caller = {
  userId: 'u',
  email: 'u@example.com',
  isAdmin: false,
  mustChangePassword: false,
  credential: 'jwt',
  credentialId: 's',
  scopes: SCOPES,
};
const ADMIN = { ...LOGIN, isAdmin: true };
const TEMPORARY = { ...ADMIN, mustChangePassword: true };
const KEY: Caller = { ...LOGIN, credential: 'api_key', scopes: ['gpu:read'] };
const TEMPORARY_KEY = { ...KEY, mustChangePassword: true };

const PUBLIC: RouteAccess = { kind: 'public' };
const ADMIN_ONLY: RouteAccess = { kind: 'admin' };
const READ: RouteAccess = { kind: 'scope', scope: 'gpu:read' };
const WRITE: RouteAccess = { kind: 'scope', scope: 'gpu:write' };
const BY_LOGIN: RouteAccess = { kind: 'login' };
const PASSWORD: RouteAccess = { kind: 'login', evenWithTemporaryPassword: true };

function verdict(access: RouteAccess, caller?: Caller): string {
  try {
    requireAccess(access, caller);
    return 'open';
  } catch (error) {
    return isDomainError(error) ? error.code : String(error);
  }
}

describe('requireAccess', () => {
  it.each([
    ['nobody', undefined, ['open', ...Array<string>(5).fill('unauthenticated')]],
    ['a user', LOGIN, ['open', 'admin_required', 'open', 'open', 'open', 'open']],
    ['an administrator', ADMIN, ['open', 'open', 'open', 'open', 'open', 'open']],
    [
      'a temporary password',
      TEMPORARY,
      ['open', ...Array<string>(4).fill('password_change_required'), 'open'],
    ],
    [
      'a key',
      KEY,
      ['open', 'admin_required', 'open', 'insufficient_scope', 'login_required', 'login_required'],
    ],
    [
      'a key of someone with a temporary password',
      TEMPORARY_KEY,
      ['open', 'admin_required', 'open', 'insufficient_scope', 'login_required', 'login_required'],
    ],
  ])('for %s', (_, caller, expected) => {
    const routes = [PUBLIC, ADMIN_ONLY, READ, WRITE, BY_LOGIN, PASSWORD];
    expect(routes.map((access) => verdict(access, caller))).toEqual(expected);
  });
});
