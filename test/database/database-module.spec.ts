import { Injectable, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../migrations/index.js';
import { AppConfig } from '../../src/config/config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { IdempotencyService } from '../../src/database/idempotency.service.js';
import { pendingMigrations } from '../../src/database/migrate.js';
import { UnitOfWork } from '../../src/database/unit-of-work.js';
import { JobsModule } from '../../src/jobs/jobs.module.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { openTestDatabase, type TestDatabase } from '../support/databases.js';

Logger.overrideLogger(false);

/** As the services of other modules inject it. */
@Injectable()
class SomeService {
  constructor(readonly unitOfWork: UnitOfWork) {}
}

@Module({ providers: [SomeService] })
class SomeModule {}

describe.each(['sqlite', 'postgres'] as const)('DatabaseModule on %s', (kind) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await openTestDatabase(kind, { entities: [], migrations: [] });
  });
  afterEach(() => database.close());

  const start = (databaseAutoMigrate: boolean) => {
    const config = Object.assign(new AppConfig(), { database: database.config, databaseAutoMigrate });
    const modules = [ConfigModule.forRoot(config), DatabaseModule.forRoot(config), JobsModule, SomeModule];
    return Test.createTestingModule({ imports: modules }).compile();
  };

  it('migrates, opens, injects the unit of work, and closes', async () => {
    const app = await (await start(true)).init();
    const { unitOfWork } = app.get(SomeService);
    expect(await pendingMigrations(unitOfWork.manager.connection)).toEqual([]);
    const request = { userId: 'user', key: 'key', input: {} };
    await app.get(IdempotencyService).execute(request, async () => 'done');
    expect(await app.get(JobsService).runNow('idempotency-keys-purge')).toBe(true);
    await app.close();
    expect(unitOfWork.manager.connection.isInitialized).toBe(false);
  });

  it('leaves the schema alone when it is told to', async () => {
    const app = await (await start(false)).init();
    const { unitOfWork } = app.get(SomeService);
    expect((await pendingMigrations(unitOfWork.manager.connection)).length).toBe(MIGRATIONS.length);
    await app.close();
  });
});
