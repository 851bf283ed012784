import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

export class LoadQueryDto {
  /** The instance, e.g. `vast-12345`. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(128)
  instance_id: string;
}
