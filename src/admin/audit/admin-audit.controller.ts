import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditListView, AuditVerdictView } from '../../audit/audit.view.js';
import { AuditReader } from '../../audit/audit-reader.js';
import { AuditVerifier } from '../../audit/audit-verifier.js';
import { AdminOnly } from '../../common/caller.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { AdminLog } from '../admin-log.js';
import { ListAllAuditDto } from '../dto/list-all-audit.dto.js';

@ApiTags('admin')
@AdminOnly()
@Controller('admin/audit')
export class AdminAuditController {
  constructor(
    private readonly reader: AuditReader,
    private readonly verifier: AuditVerifier,
    private readonly log: AdminLog,
  ) {}

  /** What happened in the whole installation, latest first. */
  @Get()
  async list(@RequestOrigin() origin: Origin, @Query() query: ListAllAuditDto): Promise<AuditListView> {
    const { limit, cursor, action, result, actor_id: actorId, user_id: subjectId } = query;
    const page = await this.reader.page({ action, result, actorId, subjectId }, { limit, cursor });
    await this.log.record(origin, { action: 'audit.viewed', subjectId });
    return AuditListView.from(page);
  }

  /** Computes the whole log anew. It reads everything: not for every minute. */
  @Get('verify')
  async verify(): Promise<AuditVerdictView> {
    return AuditVerdictView.from(await this.verifier.verify());
  }
}
