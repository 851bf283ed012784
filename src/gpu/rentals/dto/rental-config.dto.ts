import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { PoolHealthDto } from '../../pools/dto/pool-health.dto.js';
import { IsEnvironmentMap } from './environment-map.js';

/** A docker reference: no spaces, nothing that a shell or a farm could read as an option. */
const IMAGE = /^[a-zA-Z0-9][\w./:@-]{0,1023}$/;

export class RegistryDto {
  /** Host of the registry, e.g. `ghcr.io`. */
  @Matches(/^[\w.:-]{1,255}$/, { message: 'server must be a host name' })
  server: string;

  /** Without spaces: the farms pass it on as one word. */
  @Matches(/^\S{1,255}$/, { message: 'username must hold no spaces' })
  username: string;

  @Matches(/^\S{1,2048}$/, { message: 'password must hold no spaces' })
  password: string;
}

/** What runs on the rented machine. */
export class RentalConfigDto {
  /** Docker reference; default GPU_DEFAULT_IMAGE. */
  @IsOptional()
  @Matches(IMAGE, { message: 'image must be a docker reference without spaces' })
  image?: string;

  /** Fixed for the life of the rental. */
  @IsOptional()
  @IsInt()
  @Min(8)
  @Max(16_384)
  disk_gb?: number;

  /** Environment of the container. Kept encrypted. */
  @IsOptional()
  @IsObject()
  @IsEnvironmentMap()
  env?: Record<string, string>;

  /** Container ports to reach; default [8000], [] = none. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(16)
  @ArrayUnique()
  @IsInt({ each: true })
  @Min(1, { each: true })
  @Max(65_535, { each: true })
  ports?: number[];

  /** Replaces the image's command. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(256)
  @IsString({ each: true })
  @MinLength(1, { each: true })
  @MaxLength(4096, { each: true })
  command?: string[];

  /** Shell script run at the start, where the farm offers that. */
  @IsOptional()
  @IsString()
  @MaxLength(4096)
  onstart?: string;

  /** The rental ends after this many hours; farms that are paid ahead are paid for them at once. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(8760)
  duration_hours?: number;

  /** Credentials of a private registry. Kept encrypted. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RegistryDto)
  registry?: RegistryDto;

  /** Named: the rental fails unless this path answers 2xx within SERVICE_BOOT_TIMEOUT. */
  @IsOptional()
  @ValidateNested()
  @Type(() => PoolHealthDto)
  health?: PoolHealthDto;
}
