import { SCOPES, type Scope } from '../../common/caller.js';

/** What a key may be made for. `admin` opens the admin routes, as long as the key's user is an administrator. */
export const KEY_SCOPES = [...SCOPES, 'admin'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** A key made without scopes can use the product, not manage keys or other users. */
export const DEFAULT_KEY_SCOPES: readonly KeyScope[] = SCOPES.filter((scope) => scope !== 'keys:manage');

export function isScope(scope: KeyScope): scope is Scope {
  return scope !== 'admin';
}
