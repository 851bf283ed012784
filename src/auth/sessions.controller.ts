import { Controller, Delete, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentCaller, JwtOnly, type Caller } from '../common/caller.js';
import { RequestOrigin, type Origin } from '../common/origin.js';
import { PageQueryDto } from './dto/page-query.dto.js';
import { LoginSessionsService } from './login-sessions.service.js';
import type { MessageView } from './message.view.js';
import { readPage } from './page.js';
import { SessionListView } from './session-list.view.js';

@ApiTags('auth')
@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly logins: LoginSessionsService) {}

  /** Where I am logged in. */
  @JwtOnly()
  @Get()
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQueryDto): Promise<SessionListView> {
    const page = await readPage(query, (limit, after) => this.logins.list(caller.userId, limit, after));
    return SessionListView.from(page, caller.credentialId);
  }

  /** Ends one login. */
  @JwtOnly()
  @Delete(':id')
  async end(
    @CurrentCaller() caller: Caller,
    @RequestOrigin() origin: Origin,
    @Param('id') id: string,
  ): Promise<MessageView> {
    await this.logins.end(caller.userId, id, origin);
    return { message: 'Session ended.' };
  }
}
