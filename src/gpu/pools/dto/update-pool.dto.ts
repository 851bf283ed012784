import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsHeaderMap } from '../../../common/header-map.js';
import { STRATEGY_NAMES, type StrategyName } from '../../../loadbalancer/strategies/index.js';
import { POOL_PROTOCOLS, type PoolProtocol } from '../pool.entity.js';
import { PoolHealthDto } from './pool-health.dto.js';

/** Everything of a pool but its name. Absent fields stay as they are; null sets the default. */
export class UpdatePoolDto {
  /** Balancing strategy; null = your default. */
  @IsOptional()
  @IsIn(STRATEGY_NAMES)
  strategy?: StrategyName | null;

  /** What its instances speak; guides the order of health probes. */
  @IsOptional()
  @IsIn(POOL_PROTOCOLS)
  protocol?: PoolProtocol | null;

  /** Container port of the service; null = the first mapped one. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  port?: number | null;

  @IsOptional()
  @ValidateNested()
  @Type(() => PoolHealthDto)
  health?: PoolHealthDto | null;

  /** Models that its instances serve, where they do not tell themselves. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(256, { each: true })
  models?: string[] | null;

  /** Path of the MCP server on its instances; default `/mcp`. */
  @IsOptional()
  @Matches(/^\/[\x21-\x7e]{0,511}$/, { message: 'mcp_path must begin with / and hold no spaces' })
  mcp_path?: string | null;

  /** Headers added to every request for its instances, credentials mostly. Kept encrypted, never shown. */
  @IsOptional()
  @IsObject()
  @IsHeaderMap()
  upstream_headers?: Record<string, string> | null;

  /** Ids of your rentals; replaces the whole list. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1000)
  @IsString({ each: true })
  members?: string[];
}
