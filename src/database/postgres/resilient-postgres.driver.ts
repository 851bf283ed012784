import type { ReplicationMode } from 'typeorm';
import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { ResilientPostgresQueryRunner } from './resilient-postgres.query-runner.js';

/** TypeORM's driver with query runners that cope with a server that restarts, hangs or cannot be reached. */
export class ResilientPostgresDriver extends PostgresDriver {
  override createQueryRunner(mode: ReplicationMode): ResilientPostgresQueryRunner {
    return new ResilientPostgresQueryRunner(this, mode);
  }
}
