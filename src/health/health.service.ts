import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { withinDeadline } from '../common/abort.js';
import { Clock } from '../common/clock.js';
import { DomainError } from '../common/domain-error.js';
import { Lifecycle } from '../common/lifecycle.js';
import { AppConfig } from '../config/config.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { RedisCommands } from '../redis/redis-commands.js';

const CACHE_MS = 1000;
const PROBE_TIMEOUT_MS = 1000;
/** Failed looks at the database in a row after which this process is not ready. */
const FAILURES_TO_UNREADY = 3;
const LEAST_FREE_DISK_SHARE = 0.05;
const MAX_LOOP_DELAY_MS = 5000;

/** Whether this process lives, and whether it should get traffic. Neither asks anything outside. */
@Injectable()
export class HealthService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(HealthService.name);
  private readonly loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: 100 });
  private databaseFailures = 0;
  private isMigrated = false;
  private lastLookAt = -Infinity;
  private look: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: AppConfig,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly lifecycle: Lifecycle,
    private readonly redis: RedisCommands,
  ) {}

  /** The first look is made before anybody asks: a process that is busy then would not know its own migrations. */
  async onApplicationBootstrap(): Promise<void> {
    this.loopDelay.enable();
    await this.lookAtDatabase();
  }

  onApplicationShutdown(): void {
    this.loopDelay.disable();
  }

  /** Judges the time since it was last asked, so that one old stall does not condemn the process for ever. */
  isAlive(): boolean {
    const longestDelayMs = this.loopDelay.max / 1e6;
    this.loopDelay.reset();
    return longestDelayMs < MAX_LOOP_DELAY_MS;
  }

  /** Whether all that it uses answers. Without Redis it goes on, slower or more careful. */
  async isWhole(): Promise<boolean> {
    await this.lookAtDatabase();
    const hasRedis = this.redis.isAvailable || !this.redis.isConfigured;
    return this.databaseFailures === 0 && hasRedis;
  }

  /** False while draining, with an unusable database or one that lacks migrations, or with a full disk. */
  async isReady(): Promise<boolean> {
    if (this.lifecycle.isDraining) return false;
    await this.lookAtDatabase();
    return this.databaseFailures < FAILURES_TO_UNREADY && this.isMigrated && (await this.hasDiskSpace());
  }

  /** At most once a second, however many probes ask. */
  private lookAtDatabase(): Promise<void> {
    if (this.clock.now() - this.lastLookAt >= CACHE_MS) {
      this.lastLookAt = this.clock.now();
      this.look = this.queryDatabase();
    }
    return this.look;
  }

  private async queryDatabase(): Promise<void> {
    const tooSlow = (): DomainError =>
      new DomainError('database_unavailable', 503, 'The database is too slow.');
    try {
      await withinDeadline(this.askDatabase(), PROBE_TIMEOUT_MS, tooSlow);
      this.databaseFailures = 0;
    } catch (error) {
      this.databaseFailures += 1;
      this.logger.warn({ msg: 'database does not answer', failures: this.databaseFailures, err: error });
    }
  }

  /** Whether all migrations have run is asked until they have. */
  private async askDatabase(): Promise<void> {
    const { manager } = this.unitOfWork;
    if (this.isMigrated) await manager.query('SELECT 1');
    else this.isMigrated = !(await manager.connection.showMigrations());
  }

  /** Only where the database is a file of ours. */
  private async hasDiskSpace(): Promise<boolean> {
    if (this.config.database.type !== 'sqlite') return true;
    const { bavail, blocks } = await statfs(dirname(this.config.database.file));
    return bavail / blocks >= LEAST_FREE_DISK_SHARE;
  }
}
