import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditListView } from '../audit/audit.view.js';
import { AuditReader } from '../audit/audit-reader.js';
import { ListAuditDto } from '../audit/dto/list-audit.dto.js';
import { CurrentCaller, JwtOnly, type Caller } from '../common/caller.js';

@ApiTags('account')
@Controller('user/audit')
export class MyAuditController {
  constructor(private readonly reader: AuditReader) {}

  /** What happened to my account, latest first. */
  @JwtOnly()
  @Get()
  async list(@CurrentCaller() { userId }: Caller, @Query() query: ListAuditDto): Promise<AuditListView> {
    const { limit, cursor, action, result } = query;
    return AuditListView.from(await this.reader.pageOf(userId, { action, result }, { limit, cursor }));
  }
}
