import { Body, Controller, Delete, Get, HttpCode, Post, Query, type StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditLog } from '../audit/audit-log.js';
import { CurrentCaller, JwtOnly, Public, type Caller } from '../common/caller.js';
import { RequestOrigin, type Origin } from '../common/origin.js';
import { AccountDeletedView, AccountRestoredView } from './account.view.js';
import { AccountClosing } from './deletion/account-closing.service.js';
import { DeleteAccountDto } from './dto/delete-account.dto.js';
import { ExportAccountDto } from './dto/export-account.dto.js';
import { RestoreAccountDto } from './dto/restore-account.dto.js';
import { AccountExport } from './export/account-export.service.js';
import { RecentLogin } from './recent-login.js';

@ApiTags('account')
@Controller('user')
export class AccountController {
  constructor(
    private readonly recent: RecentLogin,
    private readonly exports: AccountExport,
    private readonly closing: AccountClosing,
    private readonly audit: AuditLog,
  ) {}

  /** All that there is about me. Needs a login younger than 5 minutes. */
  @JwtOnly()
  @Get('export')
  async export(
    @CurrentCaller() caller: Caller,
    @RequestOrigin() origin: Origin,
    @Query() { format = 'json' }: ExportAccountDto,
  ): Promise<StreamableFile> {
    await this.recent.require(caller);
    await this.audit.record({ action: 'account.exported', origin, details: { format } });
    return this.exports.file(caller.userId, format);
  }

  /** Deletes my account: at once for everybody, for good after some days. What was bought and used stays in the books. */
  @JwtOnly()
  @Delete()
  @HttpCode(200)
  async delete(
    @CurrentCaller() { userId }: Caller,
    @RequestOrigin() origin: Origin,
    @Body() { current_password: password }: DeleteAccountDto,
  ): Promise<AccountDeletedView> {
    return AccountDeletedView.from(await this.closing.close(userId, password, origin));
  }

  /** Brings a deleted account back, before it is erased. Keys work again, logins have to be made anew. */
  @Public()
  @Post('restore')
  @HttpCode(200)
  async restore(
    @RequestOrigin() origin: Origin,
    @Body() body: RestoreAccountDto,
  ): Promise<AccountRestoredView> {
    await this.closing.reopen(body, origin);
    return { message: 'Account restored. Log in.' };
  }
}
