import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { RedisModule } from '../redis/redis.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { ApiKeyHasher } from './api-keys/api-key-hasher.js';
import { ApiKey } from './api-keys/api-key.entity.js';
import { ApiKeyFactory } from './api-keys/api-key.factory.js';
import { ApiKeyRepository } from './api-keys/api-key.repository.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { KeyChanges } from './api-keys/key-changes.js';
import { LastUsedRecorder } from './api-keys/last-used.recorder.js';
import { AuthController } from './auth.controller.js';
import { ClientAddress } from './client-address.js';
import { AccessGuard } from './guards/access.guard.js';
import { AuthGuard } from './guards/auth.guard.js';
import { RateLimitGuard } from './guards/rate-limit.guard.js';
import { LoginSessionsService } from './login-sessions.service.js';
import { LoginService } from './login.service.js';
import { ApiKeyStrategy } from './passport/api-key.strategy.js';
import { JwtStrategy } from './passport/jwt.strategy.js';
import { ConcurrencyLimiter } from './rate-limiting/concurrency-limiter.js';
import { DataPlaneLimits } from './rate-limiting/data-plane-limits.js';
import { RateLimitHook } from './rate-limiting/rate-limit-hook.js';
import { RateLimiter } from './rate-limiting/rate-limiter.js';
import { RatePolicies } from './rate-limiting/rate-policies.js';
import { SessionsController } from './sessions.controller.js';
import { AttemptPurgeJob } from './throttling/attempt-purge.job.js';
import { LoginAttempt } from './throttling/login-attempt.entity.js';
import { LoginAttemptRepository } from './throttling/login-attempt.repository.js';
import { LoginThrottle } from './throttling/login-throttle.js';
import { AccessTokenService } from './tokens/access-token.service.js';
import { ApiKeyAuthenticator } from './verification/api-key.authenticator.js';
import { CallerCache } from './verification/caller-cache.js';
import { CallerVerifier } from './verification/caller-verifier.js';
import { CredentialLookup } from './verification/credential-lookup.js';
import { RevocationRelay } from './verification/revocation-relay.js';
import { TokenAuthenticator } from './verification/token.authenticator.js';

const API_KEYS = [
  ApiKeyRepository,
  ApiKeyHasher,
  ApiKeyFactory,
  ApiKeysService,
  LastUsedRecorder,
  KeyChanges,
];
const LOGINS = [LoginService, LoginSessionsService, AccessTokenService];
const THROTTLING = [LoginAttemptRepository, LoginThrottle, AttemptPurgeJob];
const VERIFICATION = [
  CallerCache,
  CallerVerifier,
  RevocationRelay,
  CredentialLookup,
  ApiKeyAuthenticator,
  TokenAuthenticator,
  ApiKeyStrategy,
  JwtStrategy,
];
const RATE_LIMITING = [
  RateLimiter,
  RatePolicies,
  RateLimitHook,
  ConcurrencyLimiter,
  DataPlaneLimits,
  ClientAddress,
];

/** Global, and in this order: who is calling, how often, and may they? */
const GUARDS = [AuthGuard, RateLimitGuard, AccessGuard].map((guard) => ({
  provide: APP_GUARD,
  useClass: guard,
}));

@Module({
  imports: [
    AuditModule,
    UsersModule,
    SessionsModule,
    JobsModule,
    RedisModule,
    TypeOrmModule.forFeature([ApiKey, LoginAttempt]),
  ],
  controllers: [AuthController, SessionsController, ApiKeysController],
  providers: [...API_KEYS, ...LOGINS, ...THROTTLING, ...VERIFICATION, ...RATE_LIMITING, ...GUARDS],
  exports: [
    ApiKeysService,
    CallerVerifier,
    ClientAddress,
    DataPlaneLimits,
    LoginService,
    LoginSessionsService,
    RateLimiter,
    RatePolicies,
  ],
})
export class AuthModule {}
