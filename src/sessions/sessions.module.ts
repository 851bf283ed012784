import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { provideAll } from '../common/registry.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { RefreshTokens } from './refresh-tokens.js';
import { SessionPurgeJob } from './session-purge.job.js';
import { SESSION_STORE, SESSION_STORES, type SessionStore } from './session-store.js';
import { Session } from './session.entity.js';
import { SessionsService } from './sessions.service.js';
import { SESSION_STORE_CLASSES } from './stores/index.js';

const MODE = 'sql';

@Module({
  imports: [TypeOrmModule.forFeature([Session]), JobsModule],
  providers: [
    ...provideAll<SessionStore>(SESSION_STORES, SESSION_STORE_CLASSES),
    { provide: SESSION_STORE, useFactory: storeOfMode, inject: [SESSION_STORES] },
    RefreshTokens,
    SessionsService,
    SessionPurgeJob,
  ],
  exports: [SessionsService],
})
export class SessionsModule {}

function storeOfMode(stores: readonly SessionStore[]): SessionStore {
  const store = stores.find(({ mode }) => mode === MODE);
  if (!store) throw new Error(`no session store has the mode ${MODE}`);
  return store;
}
