import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { provideAll } from '../common/registry.js';
import { AppConfig } from '../config/config.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { RedisModule } from '../redis/redis.module.js';
import { RefreshTokens } from './refresh-tokens.js';
import { SessionPurgeJob } from './session-purge.job.js';
import { SESSION_STORE, SESSION_STORES, type SessionStore } from './session-store.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SESSION_STORE_CLASSES } from './stores/index.js';
import { SessionCache } from './stores/session-cache.js';
import { storeOfMode } from './stores/store-of-mode.js';

@Module({
  imports: [TypeOrmModule.forFeature([Session]), JobsModule, RedisModule],
  providers: [
    SessionCache,
    ...provideAll<SessionStore>(SESSION_STORES, SESSION_STORE_CLASSES),
    { provide: SESSION_STORE, useFactory: storeOfMode, inject: [SESSION_STORES, AppConfig] },
    RefreshTokens,
    SessionsService,
    SessionPurgeJob,
  ],
  exports: [SessionsService],
})
export class SessionsModule {}
