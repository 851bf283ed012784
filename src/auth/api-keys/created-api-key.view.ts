import type { MintedKey } from './api-key.factory.js';
import { isoOrNull } from './api-key.view.js';
import { KeyLimitsView, limitsView } from './key-limits.view.js';

/** A new key, the only time it is shown. */
export class CreatedApiKeyView extends KeyLimitsView {
  id: string;
  name: string;
  /** The key itself. It cannot be shown again. */
  api_key: string;
  /** How the key begins, as lists show it. */
  prefix: string;
  scopes: string[];
  expires_at: string | null;
  message: string;

  static from({ key, text }: MintedKey): CreatedApiKeyView {
    return {
      id: key.id,
      name: key.name,
      api_key: text,
      prefix: key.prefix,
      scopes: key.scopes,
      expires_at: isoOrNull(key.expiresAt),
      ...limitsView(key.limits),
      message: 'Keep this key now: it is not shown again.',
    };
  }
}
