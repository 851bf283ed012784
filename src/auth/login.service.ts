import { Injectable, Logger } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { isDomainError } from '../common/domain-error.js';
import type { Origin } from '../common/origin.js';
import type { SessionDevice } from '../sessions/session-store.js';
import { normalizeEmail } from '../users/email.js';
import { PasswordService } from '../users/passwords/password.service.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { accountInactive, invalidCredentials } from './auth.errors.js';
import type { LoginDto } from './dto/login.dto.js';
import type { ChangePasswordDto } from './dto/change-password.dto.js';
import type { RegisterDto } from './dto/register.dto.js';
import { LoginSessionsService } from './login-sessions.service.js';
import { LoginThrottle } from './throttling/login-throttle.js';
import type { TokensView } from './tokens/tokens.view.js';

export interface Login {
  user: User;
  tokens: TokensView;
}

/** What takes a password: signing up, logging in, changing it. */
@Injectable()
export class LoginService {
  private readonly logger = new Logger(LoginService.name);

  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordService,
    private readonly logins: LoginSessionsService,
    private readonly throttle: LoginThrottle,
    private readonly audit: AuditLog,
  ) {}

  /** @throws DomainError 409 `email_taken`, 422 `weak_password`, 429 `too_many_attempts` */
  async register(input: RegisterDto, device: SessionDevice, origin: Origin): Promise<User> {
    this.passwords.requireStrong(input.password, input);
    await this.throttle.takeRegistration(device.ip);
    return this.users.register(input, origin);
  }

  /**
   * @param accessToken of a login that this one replaces
   * @throws DomainError 401 `invalid_credentials`, 403 `account_inactive`, 429 `too_many_attempts`
   */
  async login(input: LoginDto, device: SessionDevice, origin: Origin, accessToken?: string): Promise<Login> {
    const user = await this.check(input, device, origin);
    await this.logins.endReplaced(accessToken, user, origin);
    this.logger.log({ msg: 'logged in', user: user.id, ip: device.ip });
    return { user, tokens: await this.logins.open(user, device, origin) };
  }

  /**
   * Ends every login of the account; the tokens in the answer are the only ones that work then.
   * @throws DomainError 401 `invalid_credentials`, 422 `weak_password`, 429 `too_many_attempts`
   */
  async changePassword(
    userId: string,
    input: ChangePasswordDto,
    device: SessionDevice,
    origin: Origin,
  ): Promise<TokensView> {
    const user = await this.confirm(userId, input.current_password, device);
    const changed = await this.users.setPassword(user, input.new_password, origin);
    if (!changed) throw invalidCredentials();
    await this.logins.endAll(userId);
    this.logger.log({ msg: 'password changed', user: userId, ip: device.ip });
    return this.logins.open(changed, device, origin);
  }

  /** The account, once its password was given again. @throws DomainError 401 `invalid_credentials`, 429 `too_many_attempts` */
  async confirm(userId: string, password: string, { ip }: SessionDevice): Promise<User> {
    const user = await this.users.findById(userId);
    if (!user) throw invalidCredentials();
    await this.throttle.guard(user.email, ip, async () =>
      (await this.passwords.isRight(password, user)) ? user : undefined,
    );
    // Checking may have replaced an outdated hash.
    return (await this.users.findById(userId)) ?? user;
  }

  /**
   * Whether somebody knows the password of an account that does not go by its address any more; slowed down as a login.
   * @throws DomainError 401 `invalid_credentials`, 429 `too_many_attempts`
   */
  prove(
    { email, password }: LoginDto,
    { ip }: SessionDevice,
    find: (email: string) => Promise<User | undefined>,
  ): Promise<User> {
    const normalized = normalizeEmail(email);
    return this.throttle.guard(normalized, ip, async () => {
      const found = await find(normalized);
      return (await this.passwords.isRight(password, found)) ? found : undefined;
    });
  }

  /** The account whose password it is; a wrong one is recorded, with the account that it was tried on. */
  private async check({ email, password }: LoginDto, { ip }: SessionDevice, origin: Origin): Promise<User> {
    let found: User | undefined;
    try {
      const user = await this.throttle.guard(normalizeEmail(email), ip, async () => {
        found = await this.users.findByEmail(email);
        return (await this.passwords.isRight(password, found)) ? found : undefined;
      });
      if (!user.isActive) throw accountInactive();
      return user;
    } catch (error) {
      const isRecorded =
        isDomainError(error, 'invalid_credentials') || isDomainError(error, 'account_inactive');
      if (isRecorded) await this.recordFailure(error.code, email, found, origin);
      throw error;
    }
  }

  private recordFailure(
    reason: string,
    email: string,
    found: User | undefined,
    origin: Origin,
  ): Promise<void> {
    return this.audit.record({
      action: 'login.failed',
      result: reason === 'account_inactive' ? 'refused' : 'failed',
      origin,
      subjectId: found?.id,
      details: { reason },
      personal: { email: normalizeEmail(email) },
    });
  }
}
