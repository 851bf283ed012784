import { IsIn, IsOptional } from 'class-validator';
import { EXPORT_FORMATS, type ExportFormat } from '../exports/usage-export.service.js';
import { ListCreditHistoryDto } from './list-credit-history.dto.js';

export class ListUsageDto extends ListCreditHistoryDto {
  /** `csv` and `ndjson` give every row of the asked time as a file; `limit` and `cursor` do not apply to them. */
  @IsOptional()
  @IsIn(['json', ...EXPORT_FORMATS])
  format?: 'json' | ExportFormat;
}
