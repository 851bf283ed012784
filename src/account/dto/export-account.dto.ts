import { IsIn, IsOptional } from 'class-validator';
import { EXPORT_FORMATS, type AccountExportFormat } from '../export/account-export.service.js';

export class ExportAccountDto {
  /** One JSON document, or one `{section, data}` a line. */
  @IsOptional()
  @IsIn(EXPORT_FORMATS)
  format?: AccountExportFormat;
}
