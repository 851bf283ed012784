import { Entity, In, LessThan, type MigrationInterface, type QueryRunner } from 'typeorm';
import { beforeAll, expect, it } from 'vitest';
import { newId } from '../../src/common/id.js';
import { createTable, dropTable } from '../../migrations/table.js';
import { insertMissing } from '../../src/database/bulk-insert.js';
import { Amount, Count, Flag, Id, Instant, Json, Real, Reference, Text } from '../../src/database/columns.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';

@Entity('specimens')
class Specimen {
  @Id() id: string;
  @Reference({ nullable: true }) ownerId: string | null;
  @Text({ length: 10 }) shortText: string;
  @Text() longText: string;
  @Amount() balance: number;
  @Instant({ nullable: true }) endedAt: number | null;
  @Count() attempts: number;
  @Flag() isActive: boolean;
  @Real({ nullable: true }) score: number | null;
  @Json({ nullable: true }) labels: object | null;
}

class Specimens1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'specimens', (table) => {
      table.id();
      table.reference('owner_id', { nullable: true });
      table.text('short_text', { length: 10 });
      table.text('long_text');
      table.amount('balance');
      table.instant('ended_at', { nullable: true });
      table.count('attempts');
      table.flag('is_active');
      table.real('score', { nullable: true });
      table.json('labels', { nullable: true });
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'specimens');
  }
}

const specimen = (changes: Partial<Specimen> = {}): Specimen => ({
  id: newId(),
  ownerId: null,
  shortText: 'abc',
  longText: 'x'.repeat(100_000),
  balance: 1,
  endedAt: null,
  attempts: 0,
  isActive: true,
  score: null,
  labels: null,
  ...changes,
});

onEachDatabase('columns', { entities: [Specimen], migrations: [Specimens1700000000000] }, (open) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await open();
  });

  const store = async (row: Specimen): Promise<Specimen> => {
    const { manager } = database.unitOfWork;
    await manager.insert(Specimen, row);
    return manager.findOneByOrFail(Specimen, { id: row.id });
  };

  it.each([
    specimen(),
    specimen({ balance: Number.MAX_SAFE_INTEGER, endedAt: 1_764_000_000_123, attempts: 3_000_000_000 }),
    specimen({ balance: -Number.MAX_SAFE_INTEGER, ownerId: newId(), isActive: false, score: 0.1 }),
    specimen({ labels: { list: [1, 'two', null], nested: { ünïcode: true } } }),
  ])('gives back what was stored', async (row) => {
    expect(await store(row)).toEqual(row);
  });

  it('stores many at once and leaves those alone that are there', async () => {
    const known = await store(specimen({ longText: 'first' }));
    const rows = [
      specimen({ longText: `it's "quoted" \\ ünïcode`, endedAt: 5, ownerId: newId(), isActive: false }),
      specimen({ longText: 'x', balance: -Number.MAX_SAFE_INTEGER, score: 0.1, labels: { a: [1] } }),
    ];
    const { manager } = database.unitOfWork;
    await insertMissing(manager, Specimen, [...rows, { ...known, longText: 'second' }]);
    await insertMissing(manager, Specimen, []);
    const ids = [...rows, known].map(({ id }) => id);
    const stored = await manager.findBy(Specimen, { id: In(ids) });
    const inOrder = stored.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    expect(inOrder).toEqual([...rows, known]);
  });

  it('stores none of many when one of them cannot be', async () => {
    const rows = [specimen(), specimen({ shortText: 'x'.repeat(11) })];
    const { manager } = database.unitOfWork;
    await expect(insertMissing(manager, Specimen, rows)).rejects.toThrow();
    expect(await manager.countBy(Specimen, { id: rows[0].id })).toBe(0);
  });

  it.each([0.5, Number.NaN, 2 ** 53, -(2 ** 53)])('refuses the amount %s', async (balance) => {
    await expect(store(specimen({ balance }))).rejects.toThrow(RangeError);
  });

  const setBalance = async (sql: string): Promise<number> => {
    const { id } = await store(specimen());
    const { manager } = database.unitOfWork;
    const update = manager
      .createQueryBuilder()
      .update(Specimen)
      .set({ balance: () => sql });
    await update.where({ id }).execute();
    return (await manager.findOneByOrFail(Specimen, { id })).balance;
  };

  it('refuses what an expression makes of an amount when it is out of range', async () => {
    await expect(setBalance('9007199254740991 + balance')).rejects.toThrow('chk_specimens_balance_range');
  });

  it('never stores a fraction as an amount', async () => {
    // PostgreSQL rounds on assignment, SQLite would store the fraction and is stopped by our check.
    const outcome = await setBalance('balance + 0.5').catch(String);
    expect(outcome).not.toBe(1.5);
  });

  it('refuses text beyond its length', async () => {
    await expect(store(specimen({ shortText: 'x'.repeat(11) }))).rejects.toThrow();
  });

  it('finds by amounts and instants', async () => {
    const row = await store(specimen({ balance: 424_242, endedAt: 1_764_999_999_999 }));
    const { manager } = database.unitOfWork;
    expect(await manager.countBy(Specimen, { balance: row.balance, endedAt: row.endedAt ?? 0 })).toBe(1);
  });

  it('updates and deletes by operators on instants', async () => {
    const { id } = await store(specimen({ endedAt: 1_000 }));
    const { manager } = database.unitOfWork;
    const { affected } = await manager.update(Specimen, { id, endedAt: LessThan(1_001) }, { balance: 5 });
    const removed = await manager.delete(Specimen, { id, endedAt: In([999, 1_000]) });
    expect([affected, removed.affected]).toEqual([1, 1]);
  });

  it('refuses a condition that is undefined', async () => {
    await expect(database.unitOfWork.manager.findBy(Specimen, { id: undefined })).rejects.toThrow(
      'Undefined',
    );
  });

  it('tells by affected whether a conditional update happened', async () => {
    const { id } = await store(specimen({ balance: 100 }));
    const spend = async (amount: number): Promise<number | undefined> => {
      const update = database.unitOfWork.manager.createQueryBuilder().update(Specimen);
      const { affected } = await update
        .set({ balance: () => 'balance - :amount' })
        .where('id = :id AND balance - :amount >= 0')
        .setParameters({ id, amount })
        .execute();
      return affected;
    };
    expect([await spend(60), await spend(60)]).toEqual([1, 0]);
    expect((await database.unitOfWork.manager.findOneByOrFail(Specimen, { id })).balance).toBe(40);
  });
});
