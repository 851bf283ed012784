import type { ApiKey } from './api-key.entity.js';
import { KeyLimitsView, limitsView } from './key-limits.view.js';

/** A key as lists show it: enough to recognise it, nothing to use it with. */
export class ApiKeyView extends KeyLimitsView {
  id: string;
  name: string;
  /** How the key begins. */
  prefix: string;
  scopes: string[];
  created_at: string;
  /** To the minute. */
  last_used_at: string | null;
  expires_at: string | null;

  static from(key: ApiKey): ApiKeyView {
    return {
      id: key.id,
      name: key.name,
      prefix: key.prefix,
      scopes: key.scopes,
      created_at: new Date(key.createdAt).toISOString(),
      last_used_at: isoOrNull(key.lastUsedAt),
      expires_at: isoOrNull(key.expiresAt),
      ...limitsView(key.limits),
    };
  }
}

export function isoOrNull(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
