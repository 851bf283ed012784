/** What is recorded, as `noun.verb`. Details that go with an action hold no secret and nothing personal. */
export const AUDIT_ACTIONS = [
  'user.registered',
  'user.role_changed',
  'user.activated',
  'user.deactivated',
  'user.viewed',
  'user.changed',
  'account.exported',
  'account.deleted',
  'account.restored',
  'account.erased',
  'login.succeeded',
  'login.failed',
  'password.changed',
  'session.ended',
  'session.all_ended',
  'session.token_reused',
  'api_key.created',
  'api_key.rotated',
  'api_key.revoked',
  'api_key.refused',
  'access.refused',
  'egress.denied',
  'credits.granted',
  'credits.cap_changed',
  'ledger.viewed',
  'audit.viewed',
  'usage.viewed',
  'stats.viewed',
  'payment.begun',
  'payment.completed',
  'payment.refunded',
  'payment.disputed',
  'payment.dispute_closed',
  'callback.rejected',
  'reservation.created',
  'rental.created',
  'rental.ended',
  'configuration.changed',
  'secrets.rotated',
  'retention.applied',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** `refused`: we did not let it happen. `failed`: it was tried and did not work. */
export const AUDIT_RESULTS = ['ok', 'refused', 'failed'] as const;
export type AuditResult = (typeof AUDIT_RESULTS)[number];
