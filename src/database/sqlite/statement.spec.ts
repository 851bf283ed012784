import { describe, expect, it } from 'vitest';
import { isReadOnlyStatement, isTransactionControl } from './statement.js';

describe('isReadOnlyStatement', () => {
  it.each([
    'SELECT 1',
    '  select 1',
    'EXPLAIN QUERY PLAN SELECT 1',
    'PRAGMA table_info("x")',
    'PRAGMA foreign_keys;',
  ])('lets %s run beside a writer', (sql) => expect(isReadOnlyStatement(sql)).toBe(true));

  it.each([
    'INSERT INTO x VALUES (1)',
    'UPDATE x SET y = 1',
    'DELETE FROM x',
    'WITH a AS (SELECT 1) INSERT INTO x SELECT * FROM a',
    'PRAGMA foreign_keys = OFF',
    'CREATE TABLE selected (id)',
    'VACUUM',
    'selection',
  ])('queues %s', (sql) => expect(isReadOnlyStatement(sql)).toBe(false));
});

describe('isTransactionControl', () => {
  it.each(['BEGIN', 'begin immediate', 'COMMIT', 'ROLLBACK TO x', 'SAVEPOINT x', 'RELEASE x', 'END'])(
    'recognises %s',
    (sql) => expect(isTransactionControl(sql)).toBe(true),
  );

  it.each(['SELECT 1', 'INSERT INTO endings VALUES (1)', 'beginning'])('passes %s', (sql) =>
    expect(isTransactionControl(sql)).toBe(false),
  );
});
