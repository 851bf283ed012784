import type { QueryRunner } from 'typeorm';

/**
 * Refuses UPDATE and DELETE on a table from now on, for every role and every client. Corrections are new rows.
 * PostgreSQL's TRUNCATE is refused too; dropping the table stays possible (migrations down).
 */
export async function makeAppendOnly(runner: QueryRunner, table: string): Promise<void> {
  const statements =
    runner.connection.options.type === 'sqlite' ? sqliteTriggers(table) : postgresTriggers(table);
  for (const statement of statements) await runner.query(statement);
}

function sqliteTriggers(table: string): string[] {
  return ['UPDATE', 'DELETE'].map(
    (verb) => `CREATE TRIGGER "trg_${table}_no_${verb.toLowerCase()}" BEFORE ${verb} ON "${table}"
      BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`,
  );
}

function postgresTriggers(table: string): string[] {
  return [
    `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$`,
    `CREATE TRIGGER "trg_${table}_no_change" BEFORE UPDATE OR DELETE ON "${table}"
       FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    `CREATE TRIGGER "trg_${table}_no_truncate" BEFORE TRUNCATE ON "${table}"
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  ];
}
