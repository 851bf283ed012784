import { Injectable, Logger } from '@nestjs/common';
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
  ) {}

  /** @throws DomainError 409 `email_taken`, 422 `weak_password`, 429 `too_many_attempts` */
  async register(input: RegisterDto, device: SessionDevice): Promise<User> {
    this.passwords.requireStrong(input.password, input);
    await this.throttle.takeRegistration(device.ip);
    return this.users.register(input);
  }

  /**
   * @param accessToken of a login that this one replaces
   * @throws DomainError 401 `invalid_credentials`, 403 `account_inactive`, 429 `too_many_attempts`
   */
  async login({ email, password }: LoginDto, device: SessionDevice, accessToken?: string): Promise<Login> {
    const user = await this.throttle.guard(normalizeEmail(email), device.ip, async () => {
      const found = await this.users.findByEmail(email);
      return (await this.passwords.isRight(password, found)) ? found : undefined;
    });
    if (!user.isActive) throw accountInactive();
    await this.logins.endReplaced(accessToken, user);
    this.logger.log({ msg: 'logged in', user: user.id, ip: device.ip });
    return { user, tokens: await this.logins.open(user, device) };
  }

  /**
   * Ends every login of the account; the tokens in the answer are the only ones that work then.
   * @throws DomainError 401 `invalid_credentials`, 422 `weak_password`, 429 `too_many_attempts`
   */
  async changePassword(userId: string, input: ChangePasswordDto, device: SessionDevice): Promise<TokensView> {
    const user = await this.confirm(userId, input.current_password, device);
    const changed = await this.users.setPassword(user, input.new_password);
    if (!changed) throw invalidCredentials();
    await this.logins.endAll(userId);
    this.logger.log({ msg: 'password changed', user: userId, ip: device.ip });
    return this.logins.open(changed, device);
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
}
