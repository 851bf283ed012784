import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminOnly } from '../common/caller.js';
import { RequestOrigin, type Origin } from '../common/origin.js';
import { AccountDeletedView } from './account.view.js';
import { AccountClosing } from './deletion/account-closing.service.js';

@ApiTags('admin')
@AdminOnly()
@Controller('admin/users')
export class AdminAccountsController {
  constructor(private readonly closing: AccountClosing) {}

  /** Deletes an account for its owner, under the same rules and with the same time to restore it. */
  @Delete(':id')
  @HttpCode(200)
  async delete(@Param('id') id: string, @RequestOrigin() origin: Origin): Promise<AccountDeletedView> {
    return AccountDeletedView.from(await this.closing.closeFor(id, origin));
  }
}
