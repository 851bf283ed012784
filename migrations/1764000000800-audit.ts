import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable, dropTable, isSqlite } from './table.js';

const FIRST_HASH = '0'.repeat(64);

/** The audit log and the keys of what is personal in it. */
export class Audit1764000000800 implements MigrationInterface {
  name = 'Audit1764000000800';

  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'personal_keys', (table) => {
      table.id();
      table.text('owner_id', { length: 64 });
      table.text('period', { length: 7 });
      table.text('key_sealed');
      table.instant('created_at');
      table.unique(['owner_id', 'period']);
    });
    await createEntries(runner);
    await createTable(runner, 'audit_head', (table) => {
      table.id();
      table.count('seq');
      table.text('last_hash', { length: 64 });
      table.instant('last_at');
      table.check('seq', 'seq >= 0');
    });
    await runner.query(
      `INSERT INTO "audit_head" ("id", "seq", "last_hash", "last_at") VALUES ('head', 0, '${FIRST_HASH}', 0)`,
    );
    for (const statement of isSqlite(runner) ? SQLITE_GUARDS : POSTGRES_GUARDS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['audit_head', 'audit_entries', 'personal_keys']) await dropTable(runner, table);
    if (!isSqlite(runner)) await runner.query('DROP FUNCTION refuse_audit_rewind()');
  }
}

async function createEntries(runner: QueryRunner): Promise<void> {
  await createTable(runner, 'audit_entries', (table) => {
    table.id();
    table.count('seq');
    table.instant('at');
    table.text('action', { length: 64 });
    table.text('result', { length: 8 });
    table.text('actor_kind', { length: 16 });
    table.reference('actor_id', { nullable: true });
    table.text('credential', { length: 16, nullable: true });
    table.reference('credential_id', { nullable: true });
    table.reference('subject_id', { nullable: true });
    table.text('target', { length: 255, nullable: true });
    table.text('request_id', { length: 128, nullable: true });
    table.text('details');
    table.text('personal', { nullable: true });
    table.reference('personal_key_id', { nullable: true });
    table.text('prev_hash', { length: 64 });
    table.text('hash', { length: 64 });
    table.unique(['seq']);
    table.index(['subject_id', 'seq']);
    table.index(['actor_id', 'seq']);
    table.index(['action', 'seq']);
    table.check('result', "result IN ('ok', 'refused', 'failed')");
    table.check('actor_kind', "actor_kind IN ('user', 'anonymous', 'operator', 'system')");
    table.check('personal', '(personal IS NULL) = (personal_key_id IS NULL)');
    table.appendOnly();
  });
}

/** The end of the chain moves forwards only. */
const REFUSAL = 'audit_head never goes back';

const SQLITE_GUARDS = [
  `CREATE TRIGGER "trg_audit_head_delete" BEFORE DELETE ON "audit_head"
     BEGIN SELECT RAISE(ABORT, '${REFUSAL}'); END`,
  `CREATE TRIGGER "trg_audit_head_update" BEFORE UPDATE ON "audit_head" WHEN NEW.seq < OLD.seq
     BEGIN SELECT RAISE(ABORT, '${REFUSAL}'); END`,
];

const POSTGRES_GUARDS = [
  `CREATE FUNCTION refuse_audit_rewind() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION '${REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$`,
  `CREATE TRIGGER "trg_audit_head_delete" BEFORE DELETE ON "audit_head"
     FOR EACH ROW EXECUTE FUNCTION refuse_audit_rewind()`,
  `CREATE TRIGGER "trg_audit_head_update" BEFORE UPDATE ON "audit_head"
     FOR EACH ROW WHEN (NEW.seq < OLD.seq) EXECUTE FUNCTION refuse_audit_rewind()`,
  `CREATE TRIGGER "trg_audit_head_truncate" BEFORE TRUNCATE ON "audit_head"
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_rewind()`,
];
