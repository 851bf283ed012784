import { Transform } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import { CursorQueryDto } from '../../../common/cursor.js';
import { RENTAL_STATES, type RentalState } from '../rental-state.js';

export class ListRentalsDto extends CursorQueryDto {
  /** Only rentals in these states, comma list. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsIn(RENTAL_STATES, { each: true })
  state?: RentalState[];
}
