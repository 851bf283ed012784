import { Column, Entity, Index, type MigrationInterface, type QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { createTable, dropTable } from '../../migrations/table.js';
import { Amount, Flag, Id, Instant, Json, Real, Reference, Text } from '../../src/database/columns.js';
import { findDrift } from '../../src/database/drift.js';
import { onEachDatabase } from '../support/databases.js';

@Entity('things')
@Index(['ownerId', 'createdAt'])
@Index(['ownerId'], { unique: true, where: 'is_open = true' })
class Thing {
  @Id() id: string;
  @Reference({ unique: true }) serial: string;
  @Reference() ownerId: string;
  @Text({ length: 20, nullable: true }) name: string | null;
  @Text() story: string;
  @Amount() price: number;
  @Flag() isOpen: boolean;
  @Real({ nullable: true }) score: number | null;
  @Json() labels: object;
  @Instant() createdAt: number;
}

class Things1700000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'things', (table) => {
      table.id();
      table.reference('serial');
      table.reference('owner_id');
      table.text('name', { length: 20, nullable: true });
      table.text('story');
      table.amount('price', { default: 0 });
      table.flag('is_open', { default: false });
      table.real('score', { nullable: true });
      table.json('labels');
      table.instant('created_at');
      table.unique(['serial']);
      table.index(['owner_id', 'created_at']);
      table.index(['owner_id'], { unique: true, where: 'is_open = true' });
      table.check('price', 'price >= 0');
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTable(runner, 'things');
  }
}

@Entity('things')
@Index(['price'])
class OtherThing {
  @Id() id: string;
  @Reference() serial: string;
  @Reference({ nullable: true }) ownerId: string | null;
  @Text({ length: 30, nullable: true }) name: string | null;
  @Column({ type: 'integer' }) price: number;
  @Flag() isClosed: boolean;
}

@Entity('nowhere')
class Nowhere {
  @Id() id: string;
}

const migrations = [Things1700000000004];

onEachDatabase('schema drift', { entities: [Thing], migrations }, (open) => {
  it('is not reported when entities and migrations agree', async () => {
    expect(await findDrift((await open()).dataSource)).toEqual([]);
  });
});

onEachDatabase('schema drift', { entities: [OtherThing, Nowhere], migrations }, (open) => {
  describe('is reported', () => {
    it('for tables, columns, unique constraints and indices', async () => {
      const found = await findDrift((await open()).dataSource);
      // The two databases call the same type by different names.
      const drift = found.map((sentence) => sentence.replaceAll('character varying', 'varchar'));
      expect(drift).toContain('table nowhere is missing');
      expect(drift).toContain('column things.owner_id is varchar(64), the entity says varchar(64) null');
      expect(drift).toContain('column things.name is varchar(20) null, the entity says varchar(30) null');
      expect(drift).toContain('column things.price is bigint, the entity says integer');
      expect(drift).toContain('column things.is_closed is missing');
      expect(drift).toContain('column things.story is not in the entity');
      expect(drift.join()).toContain('unique constraints of things: [uq_things_serial]');
      expect(drift.join()).toContain('idx_things_owner_id unique');
    });
  });
});

onEachDatabase('schema drift', { entities: [], migrations }, (open) => {
  it('is reported for a table without an entity', async () => {
    expect(await findDrift((await open()).dataSource)).toEqual(['table things has no entity']);
  });
});
