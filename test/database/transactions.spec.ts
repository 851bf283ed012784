import type { EntityManager } from 'typeorm';
import { beforeEach, describe, expect, it } from 'vitest';
import { isUniqueViolation } from '../../src/database/unique-violation.js';
import { Account, accountsSchema } from '../support/accounts-schema.js';
import { onEachDatabase, type TestDatabase } from '../support/databases.js';
import { gate } from '../support/gate.js';

class Refused extends Error {}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

onEachDatabase('transactions', accountsSchema, (open) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await open();
    return database.close;
  });

  const insert = (id: string, balance = 0, manager = database.unitOfWork.manager): Promise<unknown> =>
    manager.insert(Account, { id, name: id, balance });

  const add = async (id: string, amount: number, manager = database.unitOfWork.manager): Promise<void> => {
    const update = manager.createQueryBuilder().update(Account);
    await update
      .set({ balance: () => 'balance + :amount' })
      .where({ id })
      .setParameters({ amount })
      .execute();
  };

  const balanceOf = async (id: string, manager = database.unitOfWork.manager): Promise<number> =>
    (await manager.findOneByOrFail(Account, { id })).balance;

  const count = (): Promise<number> => database.unitOfWork.manager.count(Account);

  const refuseAfter = (work: (manager: EntityManager) => Promise<unknown>): Promise<unknown> =>
    database.unitOfWork
      .run(async (manager) => {
        await work(manager);
        throw new Refused();
      })
      .catch((error: unknown) => error);

  it('keeps what others commit while a transaction is open that rolls back', async () => {
    await Promise.all([insert('first'), insert('second')]);
    const [started, mayEnd] = [gate(), gate()];
    const failing = refuseAfter(async (manager) => {
      await add('first', 1, manager);
      started.open();
      await mayEnd.opened;
    });
    await started.opened;
    const committing = database.unitOfWork.run((manager) => add('second', 100, manager));
    const plain = insert('bystander');
    mayEnd.open();
    await Promise.all([committing, plain]);
    expect(await failing).toBeInstanceOf(Refused);
    expect([await balanceOf('first'), await balanceOf('second'), await count()]).toEqual([0, 100, 3]);
  });

  it('shows others nothing of an open transaction, and itself all of it', async () => {
    await insert('one');
    await database.unitOfWork.run(async (manager) => {
      await add('one', 7, manager);
      await insert('two', 0, manager);
      expect([await balanceOf('one', manager), await balanceOf('one')]).toEqual([7, 0]);
      expect(await count()).toBe(1);
    });
    expect(await balanceOf('one')).toBe(7);
  });

  it('loses no acknowledged write among 200 concurrent transactions, rollbacks and plain writes', async () => {
    await insert('shared');
    const dirtyReads: number[] = [];
    const transaction = async (index: number): Promise<unknown> => {
      const work = async (manager: EntityManager): Promise<void> => {
        await add('shared', 1, manager);
        await insert(`transaction-${index}`, index, manager);
        await balanceOf('shared', manager);
      };
      return index % 2 ? refuseAfter(work) : database.unitOfWork.run(work);
    };
    const read = async (index: number): Promise<void> => {
      const rows = await database.unitOfWork.manager.find(Account);
      const committed = rows.filter((row) => row.name.startsWith('transaction')).length;
      const shared = rows.find((row) => row.id === 'shared')?.balance ?? -1;
      if (committed !== shared) dirtyReads.push(index);
    };
    await Promise.all([
      ...range(120).map(transaction),
      ...range(80).map((index) => insert(`plain-${index}`)),
      ...range(40).map(read),
    ]);
    expect(dirtyReads).toEqual([]);
    expect(await balanceOf('shared')).toBe(60);
    expect(await count()).toBe(1 + 60 + 80);
  });

  it('goes on after statements, transactions and commits that failed', async () => {
    await insert('taken');
    for (const index of range(20)) {
      await insert('taken').catch(() => undefined);
      await refuseAfter((manager) => insert(`lost-${index}`, 0, manager));
      await database.unitOfWork.run((manager) => insert('taken', 0, manager)).catch(() => undefined);
      await database.unitOfWork.manager.query('SELECT nonsense').catch(() => undefined);
    }
    await insert('last');
    expect(await count()).toBe(2);
  });

  it('rolls back what a released query runner left open', async () => {
    const runner = database.dataSource.createQueryRunner();
    await runner.connect().catch(() => undefined);
    await runner.startTransaction();
    await insert('abandoned', 0, runner.manager);
    await runner.release();
    await insert('next');
    expect(await count()).toBe(1);
  });

  it('returns what the work returns', async () => {
    expect(await database.unitOfWork.run(async () => 42)).toBe(42);
  });

  it('admits many who wait, each exactly once', async () => {
    await insert('counter');
    await Promise.all(range(200).map(() => database.unitOfWork.run((manager) => add('counter', 1, manager))));
    expect(await balanceOf('counter')).toBe(200);
  });

  describe('nested transactions', () => {
    it('undo only the inner part when it fails', async () => {
      await database.unitOfWork.run(async (manager) => {
        await insert('outer', 0, manager);
        const inner = manager.transaction(async (nested) => {
          await insert('inner', 0, nested);
          throw new Refused();
        });
        await expect(inner).rejects.toBeInstanceOf(Refused);
        await manager.transaction((nested) => insert('second', 0, nested));
      });
      expect((await database.unitOfWork.manager.find(Account)).map((row) => row.id).sort()).toEqual([
        'outer',
        'second',
      ]);
    });

    it('are undone with the outer one', async () => {
      await refuseAfter((manager) => manager.transaction((nested) => insert('inner', 0, nested)));
      expect(await count()).toBe(0);
      await insert('next');
    });
  });

  describe('unique violations', () => {
    it('are recognised by table and columns', async () => {
      await insert('same');
      const violate = (id: string, name: string): Promise<unknown> =>
        database.unitOfWork.manager
          .insert(Account, { id, name, balance: 0 })
          .catch((error: unknown) => error);
      const [onId, onName] = [await violate('same', 'other'), await violate('other', 'same')];
      expect([onId, onName].map((error) => isUniqueViolation(error))).toEqual([true, true]);
      expect(isUniqueViolation(onId, 'accounts', ['id'])).toBe(true);
      expect(isUniqueViolation(onName, 'accounts', ['name'])).toBe(true);
      expect(isUniqueViolation(onName, 'accounts', ['id'])).toBe(false);
    });

    it('are not other violations', async () => {
      const error = await insert('poor', -1001).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(isUniqueViolation(error)).toBe(false);
    });
  });
});
