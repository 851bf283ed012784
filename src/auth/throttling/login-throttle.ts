import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { AppConfig } from '../../config/config.js';
import { UnitOfWork } from '../../database/unit-of-work.js';
import { invalidCredentials, tooManyAttempts } from '../auth.errors.js';
import { limitKeyOf } from '../client-address.js';
import { decide } from '../rate-limiting/gcra.js';
import type { RateDecision, RatePolicy } from '../rate-limiting/rate-policy.js';
import { afterFailure, lockedForMs } from './account-lock.js';
import { KeyedQueue } from './keyed-queue.js';
import type { LoginAttempt } from './login-attempt.entity.js';
import { LoginAttemptRepository } from './login-attempt.repository.js';

const HOUR_MS = 3_600_000;
/** The bucket of all addresses together: so many times what one may fail. Who guesses from many addresses empties it. */
const EVERYBODY = 'login:everybody';
const ADDRESSES_IN_EVERYBODY = 50;

/**
 * Slows the guessing of passwords down: per account (a lock that grows with each failure and that the right password does
 * not open), per address, and for all addresses together: while too many fail altogether, an address that has just failed
 * waits until that is forgotten, and everybody else gets in. It is kept in the database, so that neither a restart nor a second process forgets.
 */
@Injectable()
export class LoginThrottle {
  private readonly logger = new Logger(LoginThrottle.name);
  /** Attempts on one account wait for each other, so that none is judged before the failures before it are counted. */
  private readonly queue = new KeyedQueue();
  private readonly loginPolicy: RatePolicy;
  private readonly everybodyPolicy: RatePolicy;
  private readonly registerPolicy: RatePolicy;

  constructor(
    private readonly attempts: LoginAttemptRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    const { loginLimitPer15Minutes, registerLimitPerHour } = config.auth;
    this.loginPolicy = { name: 'login', limit: loginLimitPer15Minutes, windowMs: HOUR_MS / 4 };
    const everybody = loginLimitPer15Minutes * ADDRESSES_IN_EVERYBODY;
    this.everybodyPolicy = { ...this.loginPolicy, limit: everybody };
    this.registerPolicy = { name: 'register', limit: registerLimitPerHour, windowMs: HOUR_MS };
  }

  /**
   * Runs a check of a password, unless the account or the address has to wait; undefined from it counts as a failure.
   * Known and unknown accounts are treated alike.
   * @throws DomainError 401 `invalid_credentials`, 429 `too_many_attempts`
   */
  guard<T>(email: string, address: string, check: () => Promise<T | undefined>): Promise<T> {
    const accountKey = `account:${createHash('sha256').update(email).digest('base64url')}`;
    const addressKey = keyOf(this.loginPolicy, address);
    return this.queue.run(accountKey, async () => {
      const failures = await this.requireOpen(accountKey, addressKey);
      const result = await check();
      if (result === undefined) return this.fail(accountKey, addressKey);
      if (failures > 0) await this.attempts.remove(accountKey);
      return result;
    });
  }

  /** Counts a sign-up from an address. @throws DomainError 429 `too_many_attempts` */
  async takeRegistration(address: string): Promise<void> {
    const decision = await this.take(this.registerPolicy, keyOf(this.registerPolicy, address));
    if (!decision.isAllowed) throw tooManyAttempts(decision.retryAfterMs);
  }

  /** Answers how many failures the account has had in a row. */
  private async requireOpen(accountKey: string, addressKey: string): Promise<number> {
    const now = this.clock.now();
    const account = await this.attempts.find(accountKey);
    const address = await this.attempts.find(addressKey);
    const addressMs = (await this.isUnderAttack(now))
      ? backlogMs(address, now)
      : this.addressWaitMs(address, now);
    const waitMs = Math.max(lockedForMs(account, now), addressMs);
    if (waitMs > 0) throw tooManyAttempts(waitMs);
    return account?.failures ?? 0;
  }

  private addressWaitMs(address: LoginAttempt | null, now: number): number {
    if (this.loginPolicy.limit === 0) return 0;
    const decision = decide(this.loginPolicy, address?.fullAt, now, 0);
    return decision.isAllowed ? 0 : decision.retryAfterMs;
  }

  private async isUnderAttack(now: number): Promise<boolean> {
    if (this.everybodyPolicy.limit === 0) return false;
    const everybody = await this.attempts.find(EVERYBODY);
    return !decide(this.everybodyPolicy, everybody?.fullAt, now, 0).isAllowed;
  }

  private async fail(accountKey: string, addressKey: string): Promise<never> {
    const rule = { mostFailures: this.config.auth.loginMaxFailures };
    await this.unitOfWork.run(async (manager) => {
      const now = this.clock.now();
      const attempt = await this.attempts.findLocked(accountKey, now, manager);
      await this.attempts.save(afterFailure(attempt, rule, now), manager);
    });
    await this.take(this.loginPolicy, addressKey);
    await this.take(this.everybodyPolicy, EVERYBODY);
    this.logger.warn({ msg: 'wrong password or unknown account', account: accountKey, address: addressKey });
    throw invalidCredentials();
  }

  private async take(
    policy: RatePolicy,
    key: string,
  ): Promise<Pick<RateDecision, 'isAllowed' | 'retryAfterMs'>> {
    if (policy.limit === 0) return { isAllowed: true, retryAfterMs: 0 };
    return this.unitOfWork.run(async (manager) => {
      const now = this.clock.now();
      const attempt = await this.attempts.findLocked(key, now, manager);
      const decision = decide(policy, attempt.fullAt, now, 1);
      const fullAt = Math.ceil(now + decision.resetMs);
      if (decision.isAllowed) await this.attempts.save({ ...attempt, fullAt, updatedAt: now }, manager);
      return decision;
    });
  }
}

function keyOf({ name }: RatePolicy, address: string): string {
  return `${name}:${limitKeyOf(address)}`;
}

/** Until what an address has failed is forgotten. */
function backlogMs(address: LoginAttempt | null, now: number): number {
  return Math.max(0, (address?.fullAt ?? 0) - now);
}
