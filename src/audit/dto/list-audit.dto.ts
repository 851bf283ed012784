import { IsIn, IsOptional } from 'class-validator';
import { CursorQueryDto } from '../../common/cursor.js';
import { AUDIT_ACTIONS, AUDIT_RESULTS, type AuditAction, type AuditResult } from '../audit-action.js';

export class ListAuditDto extends CursorQueryDto {
  /** Only this action. */
  @IsOptional()
  @IsIn(AUDIT_ACTIONS)
  action?: AuditAction;

  /** Only with this result. */
  @IsOptional()
  @IsIn(AUDIT_RESULTS)
  result?: AuditResult;
}
