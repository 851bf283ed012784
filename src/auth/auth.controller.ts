import { Body, Controller, Header, Headers, HttpCode, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentCaller, JwtOnly, Public, type Caller } from '../common/caller.js';
import { RequestOrigin, type Origin } from '../common/origin.js';
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
  ) {}

  /** Opens an account. */
  @Public()
  @Post('register')
  async register(
    @Body() body: RegisterDto,
    @Device() device: SessionDevice,
    @RequestOrigin() origin: Origin,
  ): Promise<RegisteredView> {
    return RegisteredView.from(await this.login.register(body, device, origin));
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
