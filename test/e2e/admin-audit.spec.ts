import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataSource } from '../../src/database/data-source.js';
import { program, requireBuild, runShell, type Finished } from '../support/built-programs.js';
import { createTempFolder, type TempFolder } from '../support/temp-folder.js';

const ADMIN = program('aiserve-gpuproxy-admin');

describe("the operator's programs", () => {
  let folder: TempFolder;
  beforeAll(async () => {
    requireBuild();
    folder = await createTempFolder('admin-audit');
    const account = 'ann@example.com';
    await admin(`create-user ${account} a-long-enough-password Ann`);
    await admin(`make-admin ${account}`);
    await admin(`grant ${account} 5`);
  });
  afterAll(() => folder.remove());

  const admin = (words: string, env: Record<string, string> = {}): Promise<Finished> =>
    runShell(`${ADMIN} ${words}`, { cwd: folder.path, env });

  const query = async (file: string, statement: string): Promise<unknown> => {
    const dataSource = createDataSource(
      { type: 'sqlite', file: join(folder.path, file) },
      { entities: [], migrations: [] },
    );
    await dataSource.initialize();
    try {
      return await dataSource.query(statement);
    } finally {
      await dataSource.destroy();
    }
  };

  it('record what the operator does, and show it', async () => {
    const { status, stdout } = await admin('audit list');
    expect(status).toBe(0);
    for (const action of ['user.registered', 'user.role_changed', 'credits.granted'])
      expect(stdout).toContain(action);
    expect(stdout).toContain('operator');
    const granted = await admin('-json audit list credits.granted');
    expect(JSON.parse(granted.stdout)).toMatchObject({
      audit: [{ actor_kind: 'operator', details: { credits: 5 } }],
    });
    const anns = await admin('-json audit list ann@example.com');
    expect((JSON.parse(anns.stdout) as { audit: object[] }).audit).toHaveLength(3);
    expect((await admin('audit list no.such_action')).status).toBe(2);
  });

  it('copy the database, and the copy is whole', async () => {
    const end = /ending in (\S+)/.exec((await admin('audit verify')).stdout)?.[1] ?? '';
    expect((await admin('backup copy.db')).stdout).toContain('copied to copy.db');
    expect((await admin('backup copy.db')).status).toBe(2);
    const restored = { DB_NAME: 'copy.db' };
    expect((await admin('migrate', restored)).stdout).toContain('was up to date');
    expect((await admin('ledger verify', restored)).status).toBe(0);
    expect((await admin(`audit verify ${end}`, restored)).status).toBe(0);
    expect((await admin('users', restored)).stdout).toContain('ann@example.com');
    await expect(query('copy.db', "UPDATE audit_entries SET action = 'x'")).rejects.toThrow('append-only');
  });

  it('tell a log that was changed by its exit status', async () => {
    expect((await admin('backup tampered.db')).status).toBe(0);
    await query('tampered.db', 'DROP TRIGGER trg_audit_entries_no_update');
    await query(
      'tampered.db',
      `UPDATE audit_entries SET details = '{"credits":6}' WHERE action = 'credits.granted'`,
    );
    const { status, stdout } = await admin('audit verify', { DB_NAME: 'tampered.db' });
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^BROKEN at 3: was changed/)]);
    expect((await admin(`audit verify 1:${'0'.repeat(64)}`)).status).toBe(1);
    expect((await admin('audit verify nonsense')).status).toBe(2);
  });

  it('seal all secrets anew', async () => {
    const { status, stdout } = await admin('-json secrets rotate', { JWT_SECRET: 'k3'.repeat(20) });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ 'personal_keys.key_sealed': 0 });
  });
});
