import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type Caller } from '../../common/caller.js';
import { CreatePoolDto } from './dto/create-pool.dto.js';
import { UpdatePoolDto } from './dto/update-pool.dto.js';
import { PoolCatalogue } from './pool-catalogue.service.js';
import { PoolListView, PoolView } from './pool.view.js';
import { PoolsService } from './pools.service.js';

@ApiTags('pools')
@Controller('gpu/pools')
export class PoolsController {
  constructor(
    private readonly pools: PoolsService,
    private readonly catalogue: PoolCatalogue,
  ) {}

  /** My pools; `default` holds all running rentals. */
  @Get()
  @RequireScope('gpu:read')
  list(@CurrentCaller() caller: Caller): Promise<PoolListView> {
    return this.catalogue.list(caller.userId);
  }

  /** Makes a pool of rentals that serve the same thing. */
  @Post()
  @RequireScope('gpu:write')
  async create(@CurrentCaller() caller: Caller, @Body() body: CreatePoolDto): Promise<PoolView> {
    await this.pools.create(caller.userId, body);
    return this.catalogue.get(caller.userId, body.name);
  }

  /** One pool with its members. */
  @Get(':name')
  @RequireScope('gpu:read')
  get(@CurrentCaller() caller: Caller, @Param('name') name: string): Promise<PoolView> {
    return this.catalogue.get(caller.userId, name);
  }

  /** Changes what is named; null sets the default, `members` replaces the whole list. */
  @Patch(':name')
  @RequireScope('gpu:write')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('name') name: string,
    @Body() body: UpdatePoolDto,
  ): Promise<PoolView> {
    await this.pools.update(caller.userId, name, body);
    return this.catalogue.get(caller.userId, name);
  }

  /** Ends the pool; its rentals stay. */
  @Delete(':name')
  @HttpCode(204)
  @RequireScope('gpu:write')
  delete(@CurrentCaller() caller: Caller, @Param('name') name: string): Promise<void> {
    return this.pools.delete(caller.userId, name);
  }
}
