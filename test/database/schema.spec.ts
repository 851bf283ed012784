import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getMetadataArgsStorage } from 'typeorm';
import { expect, it } from 'vitest';
import type { EntityClass } from '../../src/database/data-source.js';
import { findDrift } from '../../src/database/drift.js';
import { onEachDatabase } from '../support/databases.js';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

/** Importing the files registers their entities with TypeORM. */
async function allEntities(): Promise<EntityClass[]> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).map((name) =>
    join(SOURCES, name),
  );
  for (const file of files.filter(declaresEntity)) await import(pathToFileURL(file).href);
  return getMetadataArgsStorage().tables.map((table) => table.target as EntityClass);
}

function declaresEntity(file: string): boolean {
  return file.endsWith('.ts') && /^@Entity\(/m.test(readFileSync(file, 'utf8'));
}

const entities = await allEntities();

onEachDatabase('the schema', { entities }, (open) => {
  it('is what the entities say', async () => {
    expect(await findDrift((await open()).dataSource)).toEqual([]);
  });
});
