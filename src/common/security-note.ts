import type { Origin } from './origin.js';

/** Emitted for what was refused and has no transaction: kept in the audit log, repetitions as one entry. */
export const SECURITY_NOTED = 'security.noted';

export interface SecurityNote {
  action:
    'access.refused' | 'api_key.refused' | 'callback.rejected' | 'egress.denied' | 'session.token_reused';
  origin: Origin;
  /** Whose account it concerns, when it is not the actor's own. */
  subjectId?: string;
  target?: string;
  /** No secret and nothing personal. */
  details?: Readonly<Record<string, string | number | undefined>>;
}
