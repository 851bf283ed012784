import { IsOptional, IsString, MaxLength } from 'class-validator';
import { ListAuditDto } from '../../audit/dto/list-audit.dto.js';

export class ListAllAuditDto extends ListAuditDto {
  /** Only what this user did. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  actor_id?: string;

  /** Only what concerns this user. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  user_id?: string;
}
