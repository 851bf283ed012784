import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { CREDIT, CREDITS_SCHEMA, createCredits, type Credits } from './credits-fixture.js';

onEachDatabase('a tampered ledger', CREDITS_SCHEMA, (open, kind) => {
  let database: TestDatabase;
  let credits: Credits;
  let userId: string;
  let account: string;

  beforeAll(async () => {
    database = await open();
    credits = await createCredits(database);
    await credits.userWith(3);
    userId = await credits.userWith(10);
    account = `user:${userId}`;
    const { id: holdId } = await credits.ledger.hold({
      userId,
      amountMicro: 4 * CREDIT,
      purpose: 'rental',
      reference: 'r',
      idempotencyKey: 'h',
    });
    for (const key of ['a', 'b', 'c']) {
      const capture = { holdId, amountMicro: CREDIT, code: 'gpu_usage' as const, idempotencyKey: key };
      await credits.ledger.captureFromHold(capture);
    }
  });

  const run = (sql: string): Promise<unknown> => database.dataSource.query(sql);

  describe('is refused by the database', () => {
    beforeAll(async () => {
      const renter = await credits.userWith(10);
      const rentalId = newId();
      await credits.meter.authorize({ rentalId, userId: renter, pricePerHourMicro: CREDIT, minimumHours: 0 });
      await credits.meter.finish(rentalId, credits.clock.now());
    });

    it.each([
      ['UPDATE credit_entries SET amount_micro = amount_micro + 1', 'append-only'],
      ['DELETE FROM credit_entries', 'append-only'],
      [`UPDATE credit_transfers SET code = 'purchase'`, 'append-only'],
      ['DELETE FROM credit_transfers', 'append-only'],
      ['DELETE FROM credit_accounts', 'never changes'],
      ['DELETE FROM credit_holds', 'never changes'],
      [
        `UPDATE credit_holds SET captured_micro = 1 WHERE state = 'voided' OR state = 'settled'`,
        'never changes',
      ],
      ['UPDATE credit_sessions SET remaining_micro = 0', 'never changes'],
      ['DELETE FROM credit_sessions', 'never changes'],
    ])('%s', async (sql, message) => {
      await expect(run(sql)).rejects.toThrow(message);
    });

    it.each([
      ['held_micro = -1', 'chk_credit_accounts_held'],
      ['posted_micro = -5000000', 'chk_credit_accounts_floor'],
      ['cap_micro = -1', 'chk_credit_accounts_cap'],
      ['posted_micro = 9007199254740992', 'chk_credit_accounts_posted_micro_range'],
    ])('SET %s', async (change, constraint) => {
      await expect(run(`UPDATE credit_accounts SET ${change} WHERE id = '${userId}'`)).rejects.toThrow(
        constraint,
      );
    });

    it('a code that is not in the set', async () => {
      const sql = `INSERT INTO credit_transfers (id, account, idempotency_key, input_hash, code, event_at, created_at)
        VALUES ('t', '${account}', 'k', 'h', 'gift', 0, 0)`;
      await expect(run(sql)).rejects.toThrow('chk_credit_transfers_code');
    });

    it.each(kind === 'postgres' ? ['at commit'] : [])(
      'a transfer whose sides do not add up, %s',
      async () => {
        const forged = database.unitOfWork.run(async (manager) => {
          const columns = 'id, account, idempotency_key, input_hash, code, event_at, created_at';
          await manager.query(
            `INSERT INTO credit_transfers (${columns}) VALUES ('t', '${account}', 'k', 'h', 'grant', 0, 0)`,
          );
          await manager.query(
            `INSERT INTO credit_entries (id, transfer_id, account, amount_micro, created_at)
           VALUES ('t:0', 't', 'grant:promo', 5, 0), ('t:1', 't', 'issue', -4, 0)`,
          );
        });
        await expect(forged).rejects.toThrow('do not add up to zero');
      },
    );

    it('but the address of a session may be shortened', async () => {
      await run(`UPDATE credit_sessions SET ip = '203.0.113.0'`);
      expect(await run(`SELECT ip FROM credit_sessions`)).toEqual([{ ip: '203.0.113.0' }]);
    });
  });

  const entry = (seq: number): string => `account = '${account}' AND seq = ${seq}`;
  const transferOf = (seq: number): string => `(SELECT transfer_id FROM credit_entries WHERE ${entry(seq)})`;

  describe('is found', () => {
    /** Parents first. */
    const TABLES = ['credit_accounts', 'credit_holds', 'credit_transfers', 'credit_entries'];

    /** What the owner of the tables can do: take the triggers out of the way. */
    beforeAll(async () => {
      for (const trigger of await triggersOff()) await run(trigger);
      for (const table of ['rental_meters', 'credit_sessions']) await run(`DELETE FROM ${table}`);
      for (const table of TABLES) await run(`CREATE TABLE saved_${table} AS SELECT * FROM ${table}`);
    });
    afterEach(async () => {
      for (const table of TABLES.toReversed()) await run(`DELETE FROM ${table}`);
      for (const table of TABLES) await run(`INSERT INTO ${table} SELECT * FROM saved_${table}`);
    });
    const triggersOff = async (): Promise<string[]> => {
      const tables = [...TABLES, 'credit_sessions'];
      if (kind === 'postgres') return tables.map((table) => `ALTER TABLE ${table} DISABLE TRIGGER USER`);
      const sql = `SELECT name FROM sqlite_master WHERE type = 'trigger'`;
      const rows = await database.dataSource.query<{ name: string }[]>(sql);
      return rows.map(({ name }) => `DROP TRIGGER "${name}"`);
    };

    it('intact as long as nobody has touched it', async () => {
      expect(await credits.verifier.verify()).toEqual({ isIntact: true, accounts: 3, entries: 6 });
    });

    it.each([
      ['an amount', (): string => `UPDATE credit_entries SET amount_micro = -1000001 WHERE ${entry(3)}`, 3],
      [
        'one digit of a hash',
        (): string => `UPDATE credit_entries SET hash = 'x' || substr(hash, 2) WHERE ${entry(2)}`,
        2,
      ],
      ['a balance', (): string => `UPDATE credit_entries SET balance_after_micro = 1 WHERE ${entry(2)}`, 2],
      [
        'a time',
        (): string => `UPDATE credit_transfers SET event_at = event_at + 1 WHERE id = ${transferOf(3)}`,
        3,
      ],
      [
        'a reason',
        (): string => `UPDATE credit_transfers SET reason = 'Test' WHERE id = ${transferOf(1)}`,
        1,
      ],
      [
        'the other side’s account',
        (): string =>
          `UPDATE credit_entries SET account = 'writeoff' WHERE seq IS NULL AND transfer_id = ${transferOf(2)}`,
        2,
      ],
      [
        'the posted balance',
        (): string => `UPDATE credit_accounts SET posted_micro = posted_micro + 1 WHERE id = '${userId}'`,
        4,
      ],
      ['a number in the sequence', (): string => `UPDATE credit_entries SET seq = 9 WHERE ${entry(2)}`, 2],
    ])('%s', async (_, sql, seq) => {
      await run(sql());
      const verdict = await credits.verifier.verify();
      expect(verdict).toMatchObject({ isIntact: false, firstBreak: { account, seq } });
    });

    it('a removed entry', async () => {
      await run(`DELETE FROM credit_entries WHERE ${entry(4)}`);
      expect(await credits.verifier.verify()).toMatchObject({
        firstBreak: { account, seq: 4, problem: 'the entry is missing' },
      });
    });

    it('a transfer whose sides do not add up', async () => {
      await run(`UPDATE credit_entries SET amount_micro = amount_micro + 1
        WHERE seq IS NULL AND transfer_id = (SELECT max(id) FROM credit_transfers)`);
      expect(await credits.verifier.verify()).toMatchObject({ isIntact: false });
    });

    it('a held amount that no hold explains', async () => {
      await run(`UPDATE credit_accounts SET held_micro = held_micro + 1 WHERE id = '${userId}'`);
      expect(await credits.verifier.verify()).toMatchObject({ firstBreak: { account } });
    });

    it('a hold that says it was charged less', async () => {
      await run(
        `UPDATE credit_holds SET captured_micro = captured_micro - 1, amount_micro = amount_micro - 1 WHERE state = 'open'`,
      );
      expect(await credits.verifier.verify()).toMatchObject({
        isIntact: false,
        firstBreak: { holdId: expect.any(String) },
      });
    });
  });
});
