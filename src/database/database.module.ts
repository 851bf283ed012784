import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { MIGRATIONS } from '../../migrations/index.js';
import type { AppConfig } from '../config/config.js';
import { createDataSource, type EntityClass } from './data-source.js';
import { isDatabaseUnusable } from './database-unavailable.js';
import { assertDurableCommits } from './durability.js';
import { IdempotencyKey } from './idempotency-key.entity.js';
import { IdempotencyKeyRepository } from './idempotency-key.repository.js';
import { IdempotencyService } from './idempotency.service.js';
import { migrateDatabase } from './migrate.js';
import { UnitOfWork } from './unit-of-work.js';

/**
 * Opens the database for the whole application. Modules add their entities with `TypeOrmModule.forFeature([...])` and
 * inject `UnitOfWork`.
 */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(config: AppConfig): DynamicModule {
    const connection = TypeOrmModule.forRootAsync({
      useFactory: () => ({
        autoLoadEntities: true,
        // A database that is still starting is waited for; a migration that fails is not tried again.
        retryAttempts: 10,
        retryDelay: 3000,
        toRetry: isDatabaseUnusable,
      }),
      dataSourceFactory: (options) => openDatabase(config, options),
    });
    return {
      module: DatabaseModule,
      imports: [connection, TypeOrmModule.forFeature([IdempotencyKey])],
      providers: [UnitOfWork, IdempotencyKeyRepository, IdempotencyService],
      exports: [UnitOfWork, IdempotencyService, TypeOrmModule],
    };
  }
}

async function openDatabase(config: AppConfig, options?: TypeOrmModuleOptions): Promise<DataSource> {
  if (config.databaseAutoMigrate) await migrateDatabase(config.database, MIGRATIONS);
  const entities = (options?.entities ?? []) as EntityClass[];
  const dataSource = createDataSource(config.database, { entities, migrations: MIGRATIONS });
  await dataSource.initialize();
  await assertDurableCommits(dataSource);
  return dataSource;
}
