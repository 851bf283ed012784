import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../../common/caller.js';
import { DomainError } from '../../common/domain-error.js';
import { buildAsyncApi } from './document.js';
import type { Schemas } from './schema.js';

/** The event catalogue beside the OpenAPI document. */
@ApiExcludeController()
@Controller('docs-asyncapi')
export class AsyncApiController {
  private schemas: (() => Schemas) | undefined;
  private document: object | undefined;

  /** Where the schemas of what is shown come from, once the routes are known; without it nothing is served. */
  describeWith(schemas: () => Schemas): void {
    this.schemas = schemas;
  }

  @Get()
  @Public()
  show(): object {
    if (!this.schemas) throw new DomainError('not_found', 404, 'There is nothing at this address.');
    return (this.document ??= buildAsyncApi(this.schemas()));
  }
}
