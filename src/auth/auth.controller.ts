import { Body, Controller, Header, Headers, HttpCode, Post, Put, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, JwtOnly, Public, type Caller } from '../common/caller.js';
import { isDomainError } from '../common/domain-error.js';
import { RequestOrigin, type Origin } from '../common/origin.js';
import { AppConfig } from '../config/config.js';
import type { SessionDevice } from '../sessions/session-store.js';
import { ChangePasswordDto } from './dto/change-password.dto.js';
import { LoginDto } from './dto/login.dto.js';
import { LogoutDto } from './dto/logout.dto.js';
import { RefreshDto } from './dto/refresh.dto.js';
import { RegisterDto } from './dto/register.dto.js';
import { LoginSessionsService } from './login-sessions.service.js';
import { LoginService } from './login.service.js';
import { LoginView } from './login.view.js';
import type { MessageView } from './message.view.js';
import { PasswordChangedView } from './password-changed.view.js';
import type { RefreshedView } from './refreshed.view.js';
import { RegisteredView } from './registered.view.js';
import { Device } from './request-device.js';
import { bearerOf } from './verification/credential.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly login: LoginService,
    private readonly logins: LoginSessionsService,
    private readonly config: AppConfig,
  ) {}

  /** Opens an account. Where the operator wants no word about which accounts there are: 202 and a message, always. */
  @Public()
  @Post('register')
  @ApiCreatedResponse({ type: RegisteredView })
  async register(
    @Body() body: RegisterDto,
    @Device() device: SessionDevice,
    @RequestOrigin() origin: Origin,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegisteredView | MessageView> {
    const registering = this.login.register(body, device, origin);
    if (!this.config.auth.isRegistrationSilent) return RegisteredView.from(await registering);
    await registering.catch(ignoreTaken);
    void reply.status(202);
    return { message: 'If this address had no account, it has one now. Log in with it.' };
  }

  /** Opens a login: tokens for email address and password. */
  @Public()
  @Post('login')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async logIn(
    @Body() body: LoginDto,
    @Device() device: SessionDevice,
    @RequestOrigin() origin: Origin,
    @Headers('authorization') authorization?: string,
  ): Promise<LoginView> {
    return LoginView.from(await this.login.login(body, device, origin, bearerOf({ authorization })));
  }

  /** Exchanges a refresh token for new tokens. */
  @Public()
  @Post('refresh')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async refresh(@Body() body: RefreshDto, @Device() device: SessionDevice): Promise<RefreshedView> {
    return { tokens: await this.logins.refresh(body.refresh_token, device) };
  }

  /** Ends the login that the access token or the refresh token belongs to. */
  @Public()
  @Post('logout')
  @HttpCode(200)
  async logOut(
    @Body() body: LogoutDto,
    @RequestOrigin() origin: Origin,
    @Headers('authorization') authorization?: string,
  ): Promise<MessageView> {
    await this.logins.logout(bearerOf({ authorization }), body.refresh_token, origin);
    return { message: 'Logged out.' };
  }

  /** Ends every login of the account. */
  @JwtOnly()
  @Post('logout-all')
  @HttpCode(200)
  async logOutEverywhere(
    @CurrentCaller() caller: Caller,
    @RequestOrigin() origin: Origin,
  ): Promise<MessageView> {
    await this.logins.logoutAll(caller.userId, origin);
    return { message: 'Logged out everywhere.' };
  }

  /** Changes the password and ends every login; the tokens in the answer open a new one. */
  @JwtOnly({ evenWithTemporaryPassword: true })
  @Put('password')
  @Header('Cache-Control', 'no-store')
  async changePassword(
    @CurrentCaller() caller: Caller,
    @Body() body: ChangePasswordDto,
    @Device() device: SessionDevice,
    @RequestOrigin() origin: Origin,
  ): Promise<PasswordChangedView> {
    return PasswordChangedView.from(await this.login.changePassword(caller.userId, body, device, origin));
  }
}

function ignoreTaken(error: unknown): void {
  if (!isDomainError(error, 'email_taken')) throw error;
}
