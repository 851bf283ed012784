import { Body, Controller, Delete, Get, Header, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentCaller, JwtOnly, RequireScope, type Caller } from '../../common/caller.js';
import { microFromCredits } from '../../common/money.js';
import { RequestOrigin, type Origin } from '../../common/origin.js';
import { CreateApiKeyDto } from '../dto/create-api-key.dto.js';
import { PageQueryDto } from '../dto/page-query.dto.js';
import { RotateApiKeyDto } from '../dto/rotate-api-key.dto.js';
import type { MessageView } from '../message.view.js';
import { readPage } from '../page.js';
import { ApiKeyListView } from './api-key-list.view.js';
import { ApiKeysService } from './api-keys.service.js';
import { CreatedApiKeyView } from './created-api-key.view.js';
import type { StoredKeyLimits } from './stored-key-limits.js';

@ApiTags('auth')
@Controller('auth/apikey')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  /** Makes an API key; the answer is the only place where it is shown. */
  @JwtOnly()
  @Post()
  @Header('Cache-Control', 'no-store')
  async create(
    @CurrentCaller() caller: Caller,
    @RequestOrigin() origin: Origin,
    @Body() body: CreateApiKeyDto,
  ): Promise<CreatedApiKeyView> {
    const { name, scopes, expires_at: expiry } = body;
    const expiresAt = expiry === undefined ? undefined : Date.parse(expiry);
    const limits = limitsOf(body);
    const terms = { name, scopes, expiresAt, limits };
    return CreatedApiKeyView.from(await this.keys.create(caller, terms, origin));
  }

  /** My keys, without the keys themselves. */
  @RequireScope('keys:manage')
  @Get()
  async list(@CurrentCaller() caller: Caller, @Query() query: PageQueryDto): Promise<ApiKeyListView> {
    const page = await readPage(query, (limit, after) => this.keys.list(caller.userId, limit, after));
    return ApiKeyListView.from(page);
  }

  /** Ends a key at once. */
  @RequireScope('keys:manage')
  @Delete(':id')
  async revoke(
    @CurrentCaller() caller: Caller,
    @RequestOrigin() origin: Origin,
    @Param('id') id: string,
  ): Promise<MessageView> {
    await this.keys.revoke(caller.userId, id, origin);
    return { message: 'API key revoked.' };
  }

  /** Replaces a key by a new one with the same name, scopes, limits and expiry. */
  @RequireScope('keys:manage')
  @Post(':id/rotate')
  @Header('Cache-Control', 'no-store')
  async rotate(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: RotateApiKeyDto,
    @RequestOrigin() origin: Origin,
  ): Promise<CreatedApiKeyView> {
    return CreatedApiKeyView.from(await this.keys.rotate(caller, id, body.grace_hours ?? 0, origin));
  }
}

function limitsOf(body: CreateApiKeyDto): StoredKeyLimits {
  const spendLimit = body.spend_limit_credits;
  return {
    allowedIps: body.allowed_ips,
    allowedModels: body.allowed_models,
    allowedTargets: body.allowed_targets,
    spendLimitMicro: spendLimit === undefined ? undefined : microFromCredits(spendLimit),
    requestsPerMinute: body.requests_per_minute,
  };
}
