import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { numberFromText } from '../../../common/query-values.js';
import { OfferFiltersDto } from './offer-filters.dto.js';

export const OFFER_ORDERS = ['price', '-price', 'vram', 'reliability'] as const;
export type OfferOrder = (typeof OFFER_ORDERS)[number];

export class ListOffersDto extends OfferFiltersDto {
  /** One farm only: `vast.ai`, `io.net` or `static`; `vastai` and `ionet` work too. */
  @IsOptional()
  @IsString()
  provider?: string;

  /** Rows to return; default all. */
  @IsOptional()
  @Transform(numberFromText)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /** `price` (cheapest first), `-price`, `vram` (largest first) or `reliability` (best first). */
  @IsOptional()
  @IsIn(OFFER_ORDERS)
  sort?: OfferOrder;
}
