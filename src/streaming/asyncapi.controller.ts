import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../common/caller.js';
import { DomainError } from '../common/domain-error.js';
import { AppConfig } from '../config/config.js';
import { buildAsyncApi } from './asyncapi.js';

/** The event catalogue beside the OpenAPI document. */
@ApiExcludeController()
@Controller('docs-asyncapi')
export class AsyncApiController {
  private readonly document = buildAsyncApi();

  constructor(private readonly config: AppConfig) {}

  @Get()
  @Public()
  show(): object {
    if (!this.config.server.docsPublic)
      throw new DomainError('not_found', 404, 'There is nothing at this address.');
    return this.document;
  }
}
