const READ = /^\s*(select|explain)\b/i;
/** `PRAGMA table_info("users")` and `PRAGMA foreign_keys` ask; `PRAGMA foreign_keys = OFF` sets. */
const PRAGMA_QUESTION = /^\s*pragma\s+[^=]+;?\s*$/i;
const TRANSACTION_CONTROL = /^\s*(begin|commit|end|rollback|savepoint|release)\b/i;

/**
 * Whether a statement may run beside a writer. When in doubt the answer is no (`WITH` may lead an insert): a read
 * that queues with the writers is slower, never wrong.
 */
export function isReadOnlyStatement(sql: string): boolean {
  return READ.test(sql) || PRAGMA_QUESTION.test(sql);
}

export function isTransactionControl(sql: string): boolean {
  return TRANSACTION_CONTROL.test(sql);
}
