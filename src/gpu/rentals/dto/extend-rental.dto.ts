import { IsInt, Max, Min } from 'class-validator';

export class ExtendRentalDto {
  /** Whole hours to add to the term. */
  @IsInt()
  @Min(1)
  @Max(8760)
  hours: number;
}
