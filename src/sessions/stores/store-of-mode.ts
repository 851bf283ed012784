import { Logger } from '@nestjs/common';
import type { AppConfig } from '../../config/config.js';
import type { SessionStore } from '../session-store.js';

/** The store that SESSION_MODE names. */
export function storeOfMode(stores: readonly SessionStore[], { sessions }: AppConfig): SessionStore {
  const store = stores.find(({ mode }) => mode === sessions.mode);
  if (!store) throw new Error(`no session store has the mode ${sessions.mode}`);
  if (sessions.isReduced) {
    new Logger('Sessions').warn('SESSION_MODE is balanced and REDIS_HOST is not set: running as sql');
  }
  return store;
}
